"""HTML as a tree of elements: what is put into it as text can never become markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from umie_client.letters import sound

Child = ET.Element | str | None


def element(tag: str, *children: Child, **attributes: str | None) -> ET.Element:
    """An element; None among children and attributes is left out, `class_` is "class"."""
    given = {name: value for name, value in attributes.items() if value is not None}
    made = ET.Element(tag, {name.rstrip("_"): sound(value) for name, value in given.items()})
    for child in children:
        _append(made, child)
    return made


def html_of(made: ET.Element) -> str:
    """The element as HTML."""
    return ET.tostring(made, encoding="unicode", method="html")


def _append(parent: ET.Element, child: Child) -> None:
    if child is None:
        return
    if isinstance(child, ET.Element):
        parent.append(child)
    elif len(parent):
        parent[-1].tail = (parent[-1].tail or "") + sound(child)
    else:
        parent.text = (parent.text or "") + sound(child)
