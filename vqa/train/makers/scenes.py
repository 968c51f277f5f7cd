"""What place, time of day, weather and season a photograph shows, by the words of its captions."""

import re
from collections.abc import Iterable, Iterator

from vqa.common.english import with_article
from vqa.train.makers.captions import NEITHER, any_of, sentences, table
from vqa.train.makers.facts import Asking, Fact, unlike
from vqa.train.makers.words import COUNTRY, IN_OR_OUT, LIGHT, PLACE, ROOM, SEASON, SKY, WEATHER, WILD

# A caption with one of these may tell of something that is not there, or of a place that is not real.
NOT_THE_SCENE = re.compile(
    r"\b(?:windows?|mirrors?|reflect\w*|through|paint\w*|posters?|pictured? (?:of|on|in)|drawings?|cartoons?|toys?"
    r"|miniature|models?|statues?|sculptures?|stuffed|figurines?|screens?|monitors?|tv|television|display\w*"
    r"|advertis\w*|billboards?|murals?|fake|lego|dolls?|like|cakes?|farm animals?|magazines?|books?|wallpaper|tents?"
    r"|collage|museum|looking|plush|themed?|photoshopped|edited|signs?|train car|snow[- ]?capped|night ?stands?)\b"
)

# How places are spoken of.
AT = table("""
    at the: beach, airport, zoo, playground, train station
    on the: street, ocean
    in the: desert, mountains
    on a: lake, river, tennis court, baseball field, farm
    in a: park, field, forest, restaurant, store, skate park, parking lot, kitchen, bathroom, bedroom, living room,
        classroom
    in an: office
""")
AT = {place: f"{before} {place}" for place, before in AT.items()}
ROOMS = {"kitchen", "bathroom", "bedroom", "living room", "office", "classroom", "restaurant", "store"}
_unlike = unlike("""
    beach|lake|river|ocean
    park|field|forest|farm|zoo|playground|baseball field|lake|river|mountains|skate park|tennis court
    street|parking lot|park|store|restaurant|train station|playground|skate park
    field|desert|zoo|beach|mountains
    office|classroom|living room|bedroom|store
    kitchen|restaurant|living room
""")


def _places_apart(one: str, other: str) -> bool:
    """Whether two places cannot be taken for each other, and yet are both rooms or both not: the harder to tell."""
    return _unlike(one, other) and (one in ROOMS) == (other in ROOMS)


IS = ("is it {}", "is this {}")


def _time(day: str, night: str, **asking) -> tuple[Asking, dict[str, str]]:
    return Asking(**asking), table(LIGHT.format(day, night))


# What is asked, and the value of each word that tells.
TOPICS = [
    (
        Asking(
            either=("is this {} or {}", "{} or {}", "is it {} or {}", "was this picture taken {} or {}"),
            whether=("is this {}", "was this photo taken {}", "is it {}", "is this scene {}"),
        ),
        table(IN_OR_OUT.format("indoors", "outdoors")),
    ),
    (
        Asking(
            either=("is this {} or {}", "{} or {}", "are we {} or {}", "was this photo taken {} or {}"),
            whether=("is this {}", "was this picture taken {}", "is this photo taken {}", "are we {}"),
        ),
        table(IN_OR_OUT.format("inside", "outside")),
    ),
    _time("daytime", "night", open=("what time of day is it", "what time of day was this taken")),
    _time(
        "day",
        "night",
        either=("is it {} or {}", "is it {} or {} outside", "{} or {}", "is this {} or {}"),
        whether=("is it {}", "is it {} outside"),
    ),
    _time("daytime", "nighttime", either=("is it {} or {}", "is this {} or {}", "{} or {}"), whether=IS),
    _time(
        "day",
        "night",
        either=("was this photo taken {} or {}", "was the picture taken {} or {}", "is this {} or {}"),
        whether=("was this photo taken {}", "is this {}", "was the picture taken {}"),
        spoken={"day": "during the day", "night": "at night"}.get,
    ),
    (
        Asking(
            open=("how is the weather", "what is the weather like", "what's the weather like", "what is the weather"),
            either=("is it {} or {}", "is the weather {} or {}", "what's the weather like, {} or {}", "{} or {}"),
            whether=("is it {}", "is the weather {}", "is it {} outside", "is it a {} day"),
            excludes=unlike("cloudy|rainy|foggy|snowy"),
        ),
        WEATHER,
    ),
    (Asking(either=("is the sky {} or {}", "is it {} or {}"), whether=("is the sky {}", "does the sky look {}")), SKY),
    (
        Asking(either=("are there any clouds in the sky", "are there clouds in the sky", "do you see any clouds")),
        {word: {"cloudy": "yes", "clear": "no"}.get(value, value) for word, value in SKY.items()},
    ),
    (
        Asking(
            open=("what season is it", "which season is this", "what time of year is it", "what season is this"),
            either=("is it {} or {}", "is this {} or {}", "{} or {}", "is the season {} or {}"),
            whether=("is it {}", "is this {}", "was this taken in {}", "is the season {}"),
        ),
        SEASON,
    ),
    (
        Asking(
            open=("what room is this", "which room is this", "what kind of room is this", "what room are we in",
                  "which room of the house is this", "what room is shown", "what room is it"),
            either=("is this {} or {}", "is the room {} or {}", "are we in {} or in {}", "is it {} or {}"),
            whether=("is this {}", "is this room {}", "are we in {}", "is the photo of {}"),
            spoken=with_article,
        ),
        ROOM,
    ),
    (
        Asking(
            open=("where is this", "where was this photo taken", "what place is this", "where are we",
                  "what kind of place is this", "where was this picture taken", "where is this place"),
            either=("are they {} or {}", "was this photo taken {} or {}", "are we {} or {}", "is this {} or {}"),
            whether=("was this photo taken {}", "are we {}", "is this {}", "was this taken {}"),
            spoken=AT.get,
            excludes=_places_apart,
            many=True,
        ),
        PLACE,
    ),
    (
        Asking(
            either=("is this {} or {}", "is that {} or {}", "does the photo show {} or {}"),
            whether=("is this {}", "is that {}", "does this photo show {}"),
            spoken=with_article,
            excludes=_places_apart,
            many=True,
        ),
        PLACE,
    ),
    (
        Asking(
            either=("are we in the {} or in the {}", "is this the {} or the {}", "{} or {}", "is it the {} or the {}"),
            whether=("are we in the {}", "is this in the {}", "was this photo taken in the {}"),
        ),
        COUNTRY,
    ),
    (
        Asking(
            either=("is the animal {} or {}", "are the animals {} or {}", "is this {} or {}"),
            whether=("is the animal {}", "are these animals {}", "is this {}"),
            spoken={"wild": "in the wild", "zoo": "in a zoo"}.get,
        ),
        WILD,
    ),
    (
        Asking(either=("is there snow on the ground", "is there any snow", "is the ground covered in snow")),
        table("""
            yes: snow, snowy
            no: grass, grassy, sand, sandy, beach, desert, savannah, dirt, surfing, ocean, tennis
            -: ice, winter, frost, mountain, mountains
        """),
    ),
    (
        Asking(either=("is this photo black and white", "is the photo in black and white")),
        table("""
            yes: black and white photo, black and white photograph, black and white picture, black and white image
            no: red, green, blue, yellow, orange, pink, purple, colorful
            -: black and white, vintage, old
        """),
    ),
]  # fmt: skip
PATTERNS = [re.compile(rf"\b{any_of(frozenset(words))}\b") for _, words in TOPICS]


def scenes(captions: Iterable[dict]) -> Iterator[Fact]:
    """What all captions of a photograph agree on, where every one of them tells of a real scene."""
    for image_id, said in sentences(captions).items():
        text = " . ".join(said)
        if NOT_THE_SCENE.search(text):
            continue
        for (asking, words), pattern in zip(TOPICS, PATTERNS, strict=True):
            values = {words[word] for word in pattern.findall(text)}
            if NEITHER not in values:
                yield from (Fact(image_id, asking, value) for value in sorted(values))
