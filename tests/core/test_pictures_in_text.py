from vivavoce.core.pictures_in_text import without_pictures


def test_a_picture_as_a_data_url_is_left_out_and_the_words_around_it_stay() -> None:
    text = "41\n![a.png](data:image/png;base64,UE5H+/==) and ![b](data:image/svg+xml;base64,eA==)"
    assert without_pictures(text) == "41\n![a.png](left out here) and ![b](left out here)"


def test_other_text_stays_as_it_is() -> None:
    for text in ("", "data:image/ is a prefix", "data:text/plain;base64,eA==", "https://a/b.png"):
        assert without_pictures(text) == text
