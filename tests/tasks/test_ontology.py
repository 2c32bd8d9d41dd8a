from __future__ import annotations

import pytest

from tasks import ontology
from tasks.errors import LabelError, UnknownOntology
from tasks.ontology import EventType, Ontology, RelationType, load, names, parse

FMNERG = {
    "location": "city country state continent location_other park road",
    "building": "building_other cultural_place entertainment_place sports_facility",
    "organization": "company educational_institution band government_agency news_agency"
    " organization_other political_party social_organization sports_league sports_team",
    "person": "politician musician actor artist athlete author businessman character coach director"
    " intellectual journalist person_other",
    "other": "animal award medical_thing website ordinance",
    "art": "art_other film_and_television_works magazine music written_work",
    "event": "event_other festival sports_event",
    "product": "brand_name_products game product_other software",
}
TO_GMNER = {
    "person": "PER",
    "location": "LOC",
    "building": "LOC",
    "organization": "ORG",
    "other": "OTHER",
    "art": "OTHER",
    "event": "OTHER",
    "product": "OTHER",
}
WORD_OF = {
    "per": "person",
    "loc": "location",
    "org": "organization",
    "misc": "miscellaneous",
}
MNRE = (
    "/per/per/parent /per/per/siblings /per/per/couple /per/per/neighbor /per/per/peer"
    " /per/per/charges /per/per/alumi /per/per/alternate_names /per/org/member_of"
    " /per/loc/place_of_residence /per/loc/place_of_birth /org/org/alternate_names"
    " /org/org/subsidiary /org/loc/locate_at /loc/loc/contain /per/misc/present_in"
    " /per/misc/awarded /per/misc/race /per/misc/religion /per/misc/nationality"
    " /misc/misc/part_of /misc/loc/held_on"
)
MNRE_V1 = (
    "/per/org/member_of /loc/loc/contain /per/misc/present_in /per/per/peer /per/misc/creat"
    " /org/org/subsidiary /loc/loc/administration_divisions /per/loc/place_of_residence"
    " /org/loc/locate_at /per/per/colleague /per/per/alternate_names /per/per/couple"
    " /misc/misc/part_of /misc/loc/held_on /org/org/alternate_names /per/misc/awarded"
    " /per/loc/place_of_birth /per/misc/nationality /per/org/leader /per/per/parent"
    " /per/misc/religion /per/per/charges /loc/loc/capital /per/org/founder_of"
    " /per/per/siblings /per/loc/place_of_death /per/misc/race /per/per/neighbor"
    " /per/per/classmate /per/per/relative"
)
UMIE_WORDS = (
    "part of,contain,present in,held on,member of,peer,place of residence,locate at"
    ",alternate names,neighbor,subsidiary,awarded,couple,parent,nationality,place of birth"
    ",charges,siblings,religion,race"
)
JMERE = (
    "parent siblings couple neighbor peer charges alumi alternate_names place_of_residence"
    " place_of_birth member_of subsidiary locate_at contain present_in awarded race religion"
    " nationality part_of held_on"
)
M2E2 = {
    "Conflict:Attack": ("attack", "Attacker Target Place Instrument"),
    "Conflict:Demonstrate": ("demonstrate", "Place Entity Police Instrument"),
    "Contact:Meet": ("meet", "Entity Place"),
    "Contact:Phone-Write": ("phone write", "Entity Place Instrument"),
    "Justice:Arrest-Jail": ("arrest jail", "Person Place Agent Instrument"),
    "Life:Die": ("die", "Victim Place Agent Instrument"),
    "Movement:Transport": ("transport", "Artifact Destination Origin Agent Vehicle"),
    "Transaction:Transfer-Money": ("transfer money", "Giver Recipient Money"),
}
CASIE = {
    "Databreach": "data breach",
    "Phishing": "phishing",
    "Ransom": "ransom",
    "DiscoverVulnerability": "discover vulnerability",
    "PatchVulnerability": "patch vulnerability",
}
CROSSNER = {
    "crossner_ai": "field task product algorithm researcher metrics programlang conference"
    " university country person organisation location misc",
    "crossner_literature": "book writer award poem event magazine literarygenre country person"
    " organisation location misc",
    "crossner_music": "musicgenre song band album musicalartist musicalinstrument award event"
    " country organisation location person misc",
    "crossner_politics": "politician person organisation politicalparty event election country"
    " location misc",
    "crossner_science": "scientist person university organisation country location discipline"
    " enzyme protein chemicalelement chemicalcompound astronomicalobject academicjournal event"
    " theory award misc",
    "conll2003": "person location organisation misc",
}
SEMEVAL = (
    "Cause-Effect Component-Whole Content-Container Entity-Destination Entity-Origin"
    " Instrument-Agency Member-Collection Message-Topic Product-Producer"
)

KBP37 = (
    "per:alternate_names per:title per:employee_of per:spouse per:origin per:country_of_birth"
    " per:countries_of_residence per:stateorprovinces_of_residence per:cities_of_residence"
    " org:alternate_names org:founded org:founded_by org:top_members/employees org:members"
    " org:subsidiaries org:country_of_headquarters org:stateorprovince_of_headquarters"
    " org:city_of_headquarters"
)


def codes(types: tuple[ontology.EntityType, ...] | tuple[RelationType, ...]) -> set[str]:
    return {code for kind in types for code in kind.codes}


def test_codes_of_posts_have_one_word_each() -> None:
    expected = {"PER": "person", "LOC": "location", "ORG": "organization"}
    four = load("twitter4")
    assert {code: four.entity_of[code] for code in codes(four.entities)} == {
        **expected,
        "MISC": "miscellaneous",
        "OTHER": "miscellaneous",
    }
    assert {code: load("broad3").entity_of[code] for code in expected} == expected
    assert (four.relations, four.events) == ((), ())


def test_fine_types_map_to_coarse_types_and_to_the_four() -> None:
    fine, coarse, four = load("fmnerg51"), load("fmnerg8"), load("twitter4")
    parent_of = {t.name: t.parent for t in (*fine.entities,)}
    above = {t.name: t.parent for t in coarse.entities}
    assert codes(coarse.entities) == set(FMNERG) == set(TO_GMNER)
    assert codes(fine.entities) == {code for row in FMNERG.values() for code in row.split()}
    assert (len(coarse.entities), len(fine.entities)) == (8, 51)
    for group, row in FMNERG.items():
        assert above[coarse.entity_of[group]] == four.entity_of[TO_GMNER[group]]
        for code in row.split():
            assert parent_of[fine.entity_of[code]] == coarse.entity_of[group]


def test_fine_words_are_readable() -> None:
    fine = load("fmnerg51")
    assert fine.entity_of["entertainment_place"] == "entertainment place"
    assert fine.entity_of["person_other"] == "other person"
    assert not any("_" in t.name for t in fine.entities)


@pytest.mark.parametrize("name, listed, words", [("mnre", MNRE, 21), ("mnre_v1", MNRE_V1, 29)])
def test_paths_of_mnre_define_name_head_and_tail(name: str, listed: str, words: int) -> None:
    mnre = load(name)
    assert codes(mnre.relations) == set(listed.split())
    assert len(mnre.relations) == words
    for code in listed.split():
        _, head, tail, _ = code.split("/")
        relation = next(r for r in mnre.relations if code in r.codes)
        assert mnre.relation_of[code] == relation.name
        assert relation.admits(WORD_OF[head], WORD_OF[tail])
        if len(relation.codes) == 1:
            assert (relation.head, relation.tail) == ((WORD_OF[head],), (WORD_OF[tail],))


def test_words_of_mnre_are_the_published_ones_and_alumni() -> None:
    assert {r.name for r in load("mnre").relations} == {*UMIE_WORDS.split(","), "alumni"}
    assert load("mnre").relation_of["/per/per/alumi"] == "alumni"


def test_either_code_of_alternate_names_has_one_word() -> None:
    relation = next(r for r in load("mnre").relations if r.name == "alternate names")
    assert set(relation.codes) == {"/per/per/alternate_names", "/org/org/alternate_names"}
    assert relation.admits("person", "person") and relation.admits("organization", "organization")
    assert not relation.admits("location", "location")


def test_jmere_has_the_words_of_mnre_under_its_own_codes() -> None:
    jmere, mnre = load("jmere"), load("mnre")
    assert {code: jmere.entity_of[code] for code in codes(jmere.entities)} == WORD_OF
    assert codes(jmere.relations) == set(JMERE.split())
    assert [(r.name, r.head, r.tail) for r in jmere.relations] == [
        (r.name, r.head, r.tail) for r in mnre.relations
    ]


def test_conll04_has_typed_relations() -> None:
    conll04 = load("conll04")
    assert codes(conll04.entities) == {"Peop", "Loc", "Org", "Other"}
    assert {r.codes[0]: (r.head, r.tail) for r in conll04.relations} == {
        "Live_In": (("person",), ("location",)),
        "Work_For": (("person",), ("organization",)),
        "Located_In": (("location",), ("location",)),
        "OrgBased_In": (("organization",), ("location",)),
        "Kill": (("person",), ("person",)),
    }


def test_m2e2_has_the_roles_of_texts_and_images() -> None:
    m2e2 = load("m2e2")
    assert {code for event in m2e2.events for code in event.codes} == set(M2E2)
    for code, (word, roles) in M2E2.items():
        assert m2e2.event_of[code] == word
        assert set(m2e2.event(word).roles) == set(roles.lower().split())


def test_casie_has_readable_events() -> None:
    casie = load("casie")
    found = {code: casie.event_of[code] for event in casie.events for code in event.codes}
    assert found == CASIE
    assert sum(len(event.roles) for event in casie.events) == 48
    assert "vulnerable system owner" in casie.event("discover vulnerability").roles


@pytest.mark.parametrize("name", CROSSNER)
def test_crossner_has_the_codes_of_its_files(name: str) -> None:
    found = load(name)
    assert codes(found.entities) == set(CROSSNER[name].split())
    assert found.entity_of["organisation"] == "organization"
    assert found.entity_of["misc"] == "miscellaneous"


def test_captions_have_the_region_types_as_words() -> None:
    assert [t.name for t in load("flickr30k").entities] == [
        "people",
        "clothing",
        "animals",
        "vehicles",
        "instruments",
        "bodyparts",
        "scene",
        "other",
    ]


def test_relations_of_marked_pairs_have_words_for_one_direction() -> None:
    assert codes(load("semeval2010").relations) == set(SEMEVAL.split())
    kbp37 = load("kbp37")
    assert codes(kbp37.relations) == set(KBP37.split())
    for kind in kbp37.relations:
        for code in kind.codes:
            assert {"per": "person", "org": "organization"}[code.split(":")[0]] in kind.head
    assert (len(load("semeval2010").relations), len(kbp37.relations)) == (9, 17)


def test_news_reuses_parts_of_other_inventories() -> None:
    news = load("news")
    assert news.entities == load("twitter4").entities
    assert news.relations == load("mnre").relations
    assert news.events == load("m2e2").events


def test_the_names_of_the_shipped_inventories() -> None:
    others = "broad3 casie conll04 flickr30k fmnerg51 fmnerg8 jmere kbp37 m2e2 mnre mnre_v1 news"
    assert names() == sorted([*others.split(), "procedure", "semeval2010", "twitter4", *CROSSNER])


@pytest.mark.parametrize("name", names())
def test_an_inventory_is_consistent(name: str) -> None:
    found = load(name)
    assert found.name == name
    assert found.title
    for types in (found.entities, found.relations, found.events):
        words = [kind.name for kind in types]
        listed = [code for kind in types for code in kind.codes]
        assert len(set(words)) == len(words)
        assert len(set(listed)) == len(listed)
        assert "none" not in words
    entities = {kind.name for kind in found.entities}
    for relation in found.relations:
        assert {*relation.head, *relation.tail} <= entities
    for event in found.events:
        assert event.roles and len(set(event.roles)) == len(event.roles)


@pytest.mark.parametrize("name", names())
def test_every_reading_has_the_same_order(name: str) -> None:
    first = load(name)
    load.cache_clear()
    again = load(name)
    assert again is not first
    assert again == first


def test_an_unknown_inventory_is_refused() -> None:
    with pytest.raises(UnknownOntology, match="no ontology 'ace'; there are broad3, ") as caught:
        load("ace")
    assert caught.value.field == "ontology"


def test_a_tree_may_list_words_rows_or_another_inventory() -> None:
    found = parse(
        {
            "name": "mine",
            "entities": ["planet", {"name": "star", "codes": ["STA"], "parent": "body"}],
            "events": "m2e2",
        }
    )
    assert [(t.name, t.codes, t.parent) for t in found.entities] == [
        ("planet", (), None),
        ("star", ("STA",), "body"),
    ]
    assert found.entity_of == {"planet": "planet", "star": "star", "STA": "star"}
    assert (found.title, found.relations, found.events) == ("", (), load("m2e2").events)


def test_a_relation_without_types_admits_any_pair() -> None:
    assert RelationType("near").admits("person", "location")
    assert not RelationType("near", head=("person",)).admits("location", "person")
    assert not RelationType("near", tail=("person",)).admits("person", "location")


def test_an_inventory_of_a_request_keeps_its_order() -> None:
    found = Ontology.of_labels(
        entity_types=[" ship ", "crew"], relation_types=["sails on", "None"], event_types=["sink"]
    )
    assert [t.name for t in found.entities] == ["ship", "crew"]
    assert found.relations == (RelationType("sails on"),)
    assert found.events == (EventType("sink"),)
    assert found.event("sink").roles == ()
    with pytest.raises(KeyError):
        found.event("float")


@pytest.mark.parametrize("kind", ["entity_types", "relation_types", "event_types"])
@pytest.mark.parametrize(
    "labels, message", [(["a", " "], "is empty"), (["a", "b", " A"], "is given twice")]
)
def test_labels_of_a_request_must_be_distinct_words(
    kind: str, labels: list[str], message: str
) -> None:
    with pytest.raises(LabelError, match=message) as caught:
        Ontology.of_labels(**{kind: labels})
    assert caught.value.field == kind
