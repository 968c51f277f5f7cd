"""The nouns of WordNet: a made-up dictionary in its file format, and the real one where it is installed."""

import pytest

from vqa.evaluate.wordnet import VARIABLE, WordNet, WordNetError, find_wordnet

# thing -> animal -> (dog, cat) and thing -> tool; rex is an instance of a dog; a pet is an animal of two kinds.
SYNSETS = {
    "00000010": (["thing"], []),
    "00000020": (["animal", "beast"], [("@", "00000010")]),
    "00000030": (["dog"], [("@", "00000020")]),
    "00000040": (["cat"], [("@", "00000020")]),
    "00000050": (["tool", "dog"], [("@", "00000010")]),
    "00000060": (["rex"], [("@i", "00000030")]),
    "00000070": (["box"], [("@", "00000050"), ("+", "00000030")]),
}


@pytest.fixture
def folder(tmp_path):
    licence = "  1 This software and database is being provided to you\n"
    data, index = licence, licence
    for offset, (words, pointers) in SYNSETS.items():
        fields = [offset, "03", "n", f"{len(words):02x}", *(f"{word} 0" for word in words), f"{len(pointers):03d}"]
        fields += [f"{symbol} {target} n 0000" for symbol, target in pointers]
        data += " ".join(fields) + " | a gloss with @ 00000099 in it\n"
    for word in sorted({word for words, _ in SYNSETS.values() for word in words}):
        offsets = [offset for offset, (words, _) in SYNSETS.items() if word in words]
        index += f"{word} n {len(offsets)} 1 @ {len(offsets)} 0 {' '.join(offsets)}  \n"
    (tmp_path / "data.noun").write_text(data)
    (tmp_path / "index.noun").write_text(index)
    (tmp_path / "noun.exc").write_text("hounds dog\nkine cat beast\n")
    return tmp_path


def test_senses_of_words_and_plurals(folder):
    wordnet = WordNet(folder)
    assert wordnet.senses("Dog") == (30, 50)
    assert wordnet.senses("dogs") == (30, 50)
    assert wordnet.senses("boxes") == (70,)
    assert wordnet.senses("hounds") == (30, 50)
    assert wordnet.senses("kine") == (40, 20)
    assert wordnet.senses("unicorn") == ()


def test_similarity_by_hand(folder):
    wordnet = WordNet(folder)
    assert wordnet.similarity(30, 30) == 1
    assert wordnet.similarity(30, 40) == pytest.approx(2 * 2 / (1 + 1 + 4))  # animal has depth 2, a step from each
    assert wordnet.similarity(30, 20) == pytest.approx(4 / 5)
    assert wordnet.similarity(40, 50) == pytest.approx(2 / (2 + 1 + 2))  # only thing, the root, is shared
    assert wordnet.similarity(60, 40) == pytest.approx(4 / 7)
    assert wordnet.similarity(40, 60) == wordnet.similarity(60, 40)


def test_an_absent_wordnet_is_explained(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(WordNetError, match="wordnet-base"):
        find_wordnet()


def test_a_damaged_file_is_named(folder):
    (folder / "data.noun").write_text("00000010 03 n\n")
    with pytest.raises(WordNetError, match="cannot be read"):
        WordNet(folder)


def test_the_variable_names_the_folder(folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(folder))
    assert find_wordnet() == folder


def test_the_real_wordnet_gives_nltk_figures():
    """Values of NLTK 3's `wup_similarity` on WordNet 3.0, by the first senses of the words."""
    try:
        wordnet = WordNet()
    except WordNetError as error:
        pytest.skip(str(error))
    expected = {
        ("dog", "cat"): 0.8571428571428571,
        ("chair", "table"): 0.125,  # the first table is one of figures
        ("armchair", "chair"): 0.9523809523809523,
        ("lamp", "window"): 0.5555555555555556,
        ("chairs", "sofas"): 0.9,
        ("men", "women"): 0.15384615384615385,
    }
    for (a, b), value in expected.items():
        assert wordnet.similarity(wordnet.senses(a)[0], wordnet.senses(b)[0]) == pytest.approx(value)
    assert wordnet.similarity(8579780, 9927089) == pytest.approx(0.3)  # green.n.06 and cleaner.n.03, by two ways up
