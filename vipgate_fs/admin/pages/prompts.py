"""A gate's prompts: heard on the page, and replaced by recordings that are uploaded."""

from __future__ import annotations

from flask import Blueprint, abort, request, send_file
from werkzeug.wrappers import Response

from vipgate_fs.admin import sounds
from vipgate_fs.admin.access import administrators_only
from vipgate_fs.admin.application import desk
from vipgate_fs.admin.forms import part_of
from vipgate_fs.config import Loaded, load_text
from vipgate_fs.document.editing import CannotEdit
from vipgate_fs.document.rewriting import rewritten
from vipgate_fs.sentences import say
from vipgate_fs.sentences.system import system_says

page = Blueprint("prompts", __name__)


@page.get("/gates/<name>/sound/<prompt>")
@administrators_only
def play(name: str, prompt: str) -> Response:
    """A prompt of a gate, as a draft or the file has it, for the ear."""
    draft = desk().drafts.get(request.args.get("draft", ""))
    found = _sounds(name, desk().loaded() if draft is None else load_text(draft.content, desk().path, draft.sources))
    file = sounds.playable(found[prompt]) if prompt in found else None
    return send_file(file, "audio/wav", conditional=True) if file is not None else abort(404)


def _sounds(name: str, loaded: Loaded) -> dict[str, str]:
    """The paths of a gate's prompts, as far as the file can be used."""
    gates = loaded.configuration.gates if loaded.configuration else ()
    gate = next((each for each in gates if each.name == name), None)
    if gate is None or loaded.configuration is None:
        return {}
    site = loaded.configuration.site
    own = {each: getattr(gate.prompts, each) for each in ("welcome", "wrong_pin", "customer_number")}
    return {**own, "rejected": gate.rejection.announcement or str(site.sounds / site.language / "vipgate-rejected.wav")}


def uploaded(name: str, content: bytes, base: bytes, prompt: str) -> bytes:
    """The file with a recording that was uploaded as a gate's prompt. Raises ValueError."""
    if prompt not in part_of(("gates", name, "prompts"))["properties"]:
        raise CannotEdit(say("this is not on this page"))
    if not sounds.is_possible():
        raise ValueError(say("this machine has no sox; install it: apt-get install sox libsox-fmt-mp3"))
    configuration = desk().configuration(desk().status())
    where, file = sounds.folder(desk().path, configuration), request.files.get(f"file.{prompt}")
    data = file.read() if file else b""
    try:
        kept = desk().versions()
        sounds.forget(where, [content, base, *filter(None, (kept.content(each.id) for each in kept.all()))])
        path = sounds.take(data, where, f"{name}-{prompt}", sounds.rates(configuration.site))
    except OSError as error:
        raise ValueError(say("{path} can't be written: {why}", path=where, why=system_says(error))) from None
    return rewritten(content, {("gates", name, "prompts", prompt): str(path)})


def heard(name: str, loaded: Loaded) -> list[str]:
    """The prompts of a gate that are on this machine."""
    return [prompt for prompt, path in _sounds(name, loaded).items() if sounds.playable(path)]
