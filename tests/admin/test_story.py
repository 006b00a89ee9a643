"""From an empty folder to a working VIPgate, by the page alone; then calls."""

from __future__ import annotations

import json
import re

from page_visitor import Visitor
from recordings import needs_sox, tone
from running_service import Service, switch
from webservice_peer import Peer, answering, response

from vipgate_fs.service.control import ask_for_link
from vipgate_fs.simulator import Caller


class Made(Service):
    """`vipgate serve` on the configuration that is there; FreeSWITCH's port alone is the system's choice."""

    def configure(self, *_):
        text = self.config.read_text()
        self.config.write_text(re.sub(r"\nserver:\n", '\nserver:\n  listen: "127.0.0.1:0"\n', text))


EXCEL = "Rufnummer\tPIN\tName\r\n0171 3920014\t48213907\tAdler\r\n0171 3920015\t0815\tBrandt\r\n"
FAULTY = EXCEL + "4,917E+12\t55667788\tC\r\n"
"""As Excel makes it of numbers that it takes for quantities."""


@needs_sox
def test_from_an_empty_folder_by_the_page_alone_to_a_vip_who_gets_through(setup, tmp_path):
    form = setup.visitor.follow_link(setup.url).form("/")
    made = setup.visitor.send(form, numbers="+49 30 23125700", hours="mon-fri 8-17", holidays="DE-BE")
    assert made.status == 200
    assert setup.process.wait() == 0
    service = Made(tmp_path)
    try:
        service.listening()
        visitor = Visitor(service.await_line("page listening")["port"], "en")
        visitor.follow_link(ask_for_link(setup.path).url)
        story(visitor, setup.path, service)
    finally:
        service.destroy()


def story(visitor, path, service):
    name = re.search(r'href="/gates/(\w+)"', visitor.go("/").html)[1]
    place = f"gates.{name}"

    def sheet(kind, shown=None):
        return (shown or visitor.go(f"/gates/{name}/{kind}")).form(f"/gates/{name}/{kind}")

    # The four questions gave everybody one PIN; now each caller of a table has their own.
    shown = visitor.send(sheet("identification"), do=f"add:{place}.identify:caller_pin")
    shown = visitor.send(sheet("identification", shown), do=f"up:{place}.identify.1")
    shown = visitor.send(sheet("identification", shown), do=f"table:{place}.identify.0")
    refused = visitor.send(shown.form("/table/0"), paste=FAULTY)
    assert (refused.status, "4,917E+12" in refused.html, "55667788" in refused.html) == (422, True, False)
    shown = visitor.send(refused.form("/table/0"), paste=EXCEL, how="instead", show="1")
    shown = visitor.go(f"/gates/{name}/identification?draft={shown.form('/table/0')['fields']['draft']}")

    # A webservice knows a third one: it is tried before anything is saved.
    shown = visitor.send(sheet("identification", shown), do=f"add:{place}.identify:webservice")
    shown = visitor.send(sheet("identification", shown), do=f"up:{place}.identify.2")
    with Peer(answering(response(b'{"forward": "120"}'))) as peer:
        url = {f"{place}.identify.1.webservice.url": peer.url("/?caller=###CALLER_NUMBER###")}
        ask = {"do": f"ask:{place}.identify.1", "ask.1.caller": "0171 3920099"}
        shown = visitor.send(sheet("identification", shown), **url, **ask)
        assert "forward to 120" in shown.text
    shown = visitor.send(sheet("identification", shown), do=f"remove:{place}.identify.1")  # nobody is there any more

    # Somebody writes a comment meanwhile, by hand: nothing is overwritten, and the work is not lost.
    path.write_text(path.read_text() + "# by hand\n")
    review = visitor.send(sheet("identification", shown))
    refused = visitor.send(review.form("/save"))
    assert refused.status == 409
    assert path.read_text().endswith("# by hand\n")
    edited = visitor.send(next(each for each in refused.forms if each["fields"].get("draft"))).form("/file/draft")
    review = visitor.send(edited, text=edited["fields"]["text"] + "# by hand\r\n")
    assert "Saved and applied" in visitor.send(review.form("/save")).text, review.text

    # A schedule with holidays, the week's picture, and a recording.
    shown = visitor.send(sheet("when"), do="schedule:", new_schedule="never")
    spans = {"schedules.never.0.days": "holidays", "schedules.never.0.from": "", "schedules.never.0.to": ""}
    shown = visitor.send(sheet("when", shown), **spans, **{"schedules.never.0.dates": "2020-01-01"}, do="more:")
    assert shown.text.count("0:00 to 24:00") == 14
    shown = visitor.send(sheet("when", shown), do="sheet:prompts")
    shown = visitor.upload(sheet("prompts", shown), "file.welcome", "hello.mp3", tone("mp3"), do="upload:welcome")
    review = visitor.send(sheet("prompts", shown))
    assert "Saved and applied" in visitor.send(review.form("/save")).text, review.text

    text = path.read_text()
    assert "# by hand\n" in text
    assert "holidays: DE-BE" in text
    assert "48213907" not in text
    calls(service)


def calls(service):
    """A VIP gets through by their own PIN, after the recording; with the same digits a stranger does not."""
    simulator = switch(service)
    vip = simulator.start(Caller("+491713920014", dial="48213907#"), "+493023125700")
    stranger = simulator.start(Caller("+49301234567", dial=("48213907#", "48213907#", "48213907#")), "+493023125700")
    assert [each.extension for each in vip.wait().transfers] == ["+493023125700"]
    assert any("-welcome-" in str(sound) for sound in vip.experience.heard), str(vip.experience)
    assert not stranger.wait().transfers
    assert "48213907" not in json.dumps(service.log.read_text())
