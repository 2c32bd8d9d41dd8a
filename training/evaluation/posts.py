"""Labelled posts as questions: people shown need the correct box, others none."""

from __future__ import annotations

from pathlib import Path

from tasks import form, instruction
from tasks.errors import DataError
from tasks.ontology import Ontology, load
from tasks.records import Record, Span
from training.evaluation import pointing
from training.evaluation.labelled_posts import LabelledPost, labelled_posts
from training.evaluation.metric import Metric
from training.evaluation.question import Question
from training.evaluation.spans import Scorer
from training.posts import Post, read_posts
from training.text.example import Example

CORPUS, ONTOLOGY = "posts", "twitter4"

_SCORES: dict[str, Scorer] = {
    "shown, right box": pointing.shown_right,
    "shown, any box": pointing.shown_boxed,
    "not shown, no box": pointing.absent_left,
    "names found": pointing.found,
}

MARKING = Metric("names in posts", _SCORES, shares=frozenset(_SCORES))
"""Shares of names, by type; an item is a name."""


def post_questions(folder: Path, split: str) -> list[Question]:
    """The labelled posts of a split, each with its picture and all types of twitter4.

    Raises:
        DataError: if a labelled post is not in `folder`, or its text lacks a name.
    """
    posts = {post.id: post for post in read_posts(folder, split)}
    ontology = load(ONTOLOGY)
    return [_question(label, _post(label, posts), ontology) for label in labelled_posts(split)]


def _post(label: LabelledPost, posts: dict[int, Post]) -> Post:
    if label.id not in posts:
        raise DataError(f"post {label.id} is labelled, but posts.ndjson does not have it")
    return posts[label.id]


def _question(label: LabelledPost, post: Post, ontology: Ontology) -> Question:
    example = Example(
        post.text,
        instruction.ENTITIES,
        form.GROUNDED,
        tuple(Record(name.type, _span(post, name.text)) for name in label.names),
        tuple(kind.name for kind in ontology.entities),
        (form.REGION_ROLE,),
    )
    boxes = tuple(name.boxes for name in label.names)
    return Question(example, str(post.id), boxes, post.picture)


def _span(post: Post, name: str) -> Span:
    start = post.text.find(name)
    if start < 0:
        raise DataError(f"post {post.id} does not have the name {name!r} that it is labelled with")
    return Span.of(post.text, start, start + len(name))
