"""Surface variation of texts: case, tokenized punctuation, retweets, links and hashtags."""

from __future__ import annotations

import random
import re
from dataclasses import replace

from training.text.passage import Passage, Segment
from training.text.person_wordings import handle, hashtag, link

_LOWER, _UPPER, _JOINED = 0.1, 0.04, 0.5
_RETWEET, _MENTION, _TAGGED, _LINKED = 0.08, 0.04, 0.12, 0.12
_GAP = re.compile(r" +([.,!?;:%…])(?= |$)")
_CLITIC = re.compile(r" (n't|'s|'ll|'re|'ve|'m)\b")
_EMOJI = ("😂", "😍", "🔥", "❤️", "👏", "🙏", "😭", "💪", "🎉", "💯", "😊", "🙌")


def restyled(passage: Passage, generator: random.Random) -> Passage:
    """The passage with random surface changes."""
    if generator.random() < _JOINED:
        passage = passage.mapped(lambda s: s if s.kind else replace(s, text=_joined(s.text)))
    draw = generator.random()
    if draw < _LOWER:
        passage = passage.mapped(lambda s: replace(s, text=s.text.lower()))
    elif draw < _LOWER + _UPPER:
        passage = passage.mapped(lambda s: replace(s, text=s.text.upper()))
    before, after = "", ""
    if generator.random() < _RETWEET:
        before = f"RT @{handle(generator)}{generator.choice((' : ', ': '))}"
    elif generator.random() < _MENTION:
        before = f"@{handle(generator)} "
    if generator.random() < _TAGGED:
        tags = [hashtag(generator) for _ in range(generator.randint(1, 3))]
        after += "".join(f" #{tag}" for tag in dict.fromkeys(tags))
    if generator.random() < _TAGGED:
        after += f" {generator.choice(_EMOJI) * generator.randint(1, 3)}"
    if generator.random() < _LINKED:
        after += f" {link(generator)}"
    around = (Segment(before), *passage.segments, Segment(after))
    return replace(passage, segments=tuple(s for s in around if s.text))


def _joined(text: str) -> str:
    """Remove the spaces that corpora have before punctuation and clitics."""
    return _CLITIC.sub(r"\1", _GAP.sub(r"\1", text))
