"""Licences of the corpora, as their sources state them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Licence:
    """The name of a licence, whether it allows commercial use, and whether it is share-alike."""

    name: str
    commercial: bool
    share_alike: bool = False


_UNSTATED = Licence("none stated", commercial=False)
_BY_4, _MIT = Licence("CC BY 4.0", commercial=True), Licence("MIT", commercial=True)
_BY_SA_4 = Licence("CC BY-SA 4.0", commercial=True, share_alike=True)
_TWITTER = Licence("terms of Twitter and of the providers", commercial=False)
_REUTERS = Licence("MIT, texts for research", commercial=False)

LICENCES: dict[str, Licence] = {
    "multiconer2_en": _BY_4,
    "stackoverflow_ner": Licence("MIT, texts CC BY-SA", commercial=True, share_alike=True),
    "nlu_eval_home": _BY_4,
    "presidio_pii": _MIT,
    "wikigold": _BY_4,
    "gum3": Licence("CC BY 4.0, texts CC BY and CC BY-SA, how-tos CC BY-NC-SA", True, True),
    "geneva": Licence("CC BY 3.0", commercial=True),
    "knowledgenet": _BY_SA_4,
    "phee": _MIT,
    "litbank": _BY_4,
    "mtl_bio": Licence("CC BY 4.0, and the terms of every corpus", commercial=True),
    "re3d": Licence(
        "OGL v3, CC BY 3.0, CC BY-SA 3.0, public domain; BBC texts CC BY-NC", True, True
    ),
    "sec_filings": Licence("CC BY 3.0", commercial=True),
    "fire": _BY_4,
    "uner_en_ewt": _BY_SA_4,
    "materials_synth": _MIT,
    "wnut2020_wlp": _MIT,
    "skillspan": _MIT,
    "anem": Licence("CC BY-SA 3.0", commercial=True, share_alike=True),
    "rams_wikievents": _UNSTATED,
    "culotta_wiki": _UNSTATED,
    "ade": _UNSTATED,
    "scierc_chemprot": _UNSTATED,
    "broad_twitter": _BY_4,
    "tweebank": Licence("Apache 2.0", commercial=True),
    "conll04": _MIT,
    "twitter2015": _TWITTER,
    "twitter2017": _TWITTER,
    "gmner": _TWITTER,
    "fmnerg8": _TWITTER,
    "fmnerg51": _TWITTER,
    "mnre": _UNSTATED,
    "mnre_v1": _UNSTATED,
    "semeval2010": _UNSTATED,
    "kbp37": _UNSTATED,
    "casie": _UNSTATED,
    "m2e2": _UNSTATED,
    "conll2003": _REUTERS,
    **{
        f"crossner_{domain}": _REUTERS
        for domain in ("ai", "literature", "music", "politics", "science")
    },
}
"""By corpus. Sets with several licences mark their records: `OpenRecord.commercial`."""


def commercial(corpus: str) -> bool:
    """Whether `corpus` may be used commercially; a corpus without an entry may not."""
    licence = LICENCES.get(corpus)
    return licence is not None and licence.commercial
