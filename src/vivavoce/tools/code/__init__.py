"""Python for the model, in a sandbox: the tools behind the reserved label `code`.

The gateway's side is `server` (a session's tools), `interpreters` (how many at once) and `process`
(one of them). `sandbox_main` is the program of a sandbox process, `wasi_files` and `memory_files`
are the only files its code can see, and `guest` is what runs inside, beside that code.
"""
