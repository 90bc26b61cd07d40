"""What `app` puts together, part by part: from the configuration to what sessions use."""
