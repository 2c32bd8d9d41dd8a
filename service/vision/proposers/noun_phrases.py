"""Noun phrases of a text, as prompts of a grounding model.

The published pipeline prompts its grounding tool with the text's noun phrases (reference 11.1) and
does not specify how they are found. These rules need no tagger and no download: runs of
capitalised words are names; runs of other words that are neither function words nor, by their
endings, verbs or adverbs are noun phrases. A false phrase costs one prompt without a box.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tasks.records import MAX_REGIONS

MAX_PHRASES = MAX_REGIONS
MAX_WORDS = 5
MAX_CHARS = 60

_LINK = re.compile(r"(?:https?://|www\.)\S+|@\w+|&\w+;")
_TOKEN = re.compile(r"[^\W_]+(?:[-'\u2019&][^\W_]+)*|[^\w\s#]")
_POSSESSIVE = re.compile(r"['\u2019]s$", re.IGNORECASE)

_FUNCTION_WORDS = """
a an the this that these those some any each every all both either neither no another other such
i me my mine we us our ours you your yours he him his she her hers it its they them their theirs
myself yourself himself herself itself ourselves themselves who whom whose which what there here
and or but nor so yet if then else than as because while when where why how until unless since
though although whether of in on at by for with about against between into through during before
after above below to from up down out off over under again near via per within without across
behind beyond towards toward upon along around among amid onto
am is are was were be been being have has had having do does did doing done will would shall
should can could may might must ought need let lets isn't aren't wasn't weren't don't doesn't
didn't won't wouldn't can't cannot couldn't i'm you're he's she's it's we're they're i've i'll
not only own same too very just also even still ever never always often now today tonight
tomorrow yesterday once more most much many few less least several enough really quite almost
get gets got go goes went gone come comes came make makes made take takes took see sees saw seen
say says said tell tells told give gives gave know knows knew think thinks thought want wants
look looks love loves like likes hate keep keeps kept put puts show shows win wins won lose loses
lost meet meets met leave leaves left run runs ran play plays begin begins began become becomes
became hold holds held stand stands stood sit sits sat wear wears wore help helps find finds
found call calls new first last next good great best rt via amp please thanks thank yes ok lol
"""
_VERBAL = re.compile(r"..(?:ing|ed|ly)$")
_NOUNS = """
building wedding painting clothing ceiling morning evening meeting thing string spring drawing
railing parking clearing speed breed family belly jelly assembly bully
"""

_STOPS, _EXCEPTIONS = frozenset(_FUNCTION_WORDS.split()), frozenset(_NOUNS.split())


def noun_phrases(text: str) -> list[str]:
    """Find the noun phrases of a text.

    Returns:
        At most `MAX_PHRASES` phrases in text order, of at most `MAX_WORDS` words and `MAX_CHARS`
        characters each; case-insensitive duplicates are dropped.
    """
    phrases: dict[str, str] = {}
    for words in _runs(_LINK.sub(" . ", text)):
        phrase = " ".join(words[-MAX_WORDS:])[:MAX_CHARS].strip()
        phrases.setdefault(phrase.casefold(), phrase)
    return list(phrases.values())[:MAX_PHRASES]


def _runs(text: str) -> Iterator[list[str]]:
    """Yield names and noun phrases as lists of words; punctuation ends a run."""
    run: list[str] = []
    named = False
    for match in _TOKEN.finditer(text):
        word = _POSSESSIVE.sub("", match.group())
        possessive = word != match.group()
        name = word[:1].isupper()
        if not _is_content(word, name):
            yield from [run] if run else []
            run = []
            continue
        if run and name != named:
            yield run
            run = []
        run, named = [*run, word], name
        if possessive:
            yield run
            run = []
    yield from [run] if run else []


def _is_content(word: str, name: bool) -> bool:
    lower = word.casefold()
    if not any(char.isalpha() for char in word) or lower.replace("\u2019", "'") in _STOPS:
        return False
    if len(word) == 1 and word.isascii():
        return False
    return name or lower in _EXCEPTIONS or _VERBAL.search(lower) is None
