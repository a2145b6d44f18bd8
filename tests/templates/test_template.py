"""Templates do what Go's text/template does, in its words where they fail, and within bounds."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.templates.go_cases import DATA, Case, cases

from fusewatch.templates.errors import TemplateError, TemplateLimitError, TemplateParseError, TemplateRunError
from fusewatch.templates.execute import Limits
from fusewatch.templates.template import TemplateSet
from fusewatch.templates.text_functions import TEXT_FUNCTIONS
from fusewatch.templates.values import Method

#: Where we differ from Go, and how.
DIFFERENT = {
    "{{ len nil }}": "Go shows the inside of its reflection",
    "{{ 3.Foo }}": "Go calls it a bad number, we a field of one",
    "{{ $x = 1 }}": "Go finds it when it is executed, we when it is read",
    "{{ print | }}": "Go takes a pipe that leads nowhere",
    "{{ call .Text }}": "Go shows the argument's source, we its value",
    "{{ $ }}": "our test's struct has its methods among its fields",
    "{{ index .Pairs 1 }}{{ (index .Pairs 1).Value }}{{ (index .Pairs 1).Nope }}": "the place of a field of something in parentheses",
    '{{ (index .Pairs 0) }}{{ printf "%v %+v" (index .Pairs 0) (index .Pairs 0) }}': "%+v names no fields",
}


def outcome(text: str) -> tuple[str, str, str]:
    """Where it fails, how, and what comes of it."""
    try:
        template = TemplateSet().parse(text, "t")
    except TemplateParseError as error:
        return "parse", str(error), ""
    try:
        return "", "", template.execute(DATA)
    except TemplateRunError as error:
        return "run", str(error), ""


@pytest.mark.parametrize("case", [case for case in cases() if case.text not in DIFFERENT], ids=lambda case: case.text[:60])
def test_go_says_the_same(case: Case) -> None:
    assert outcome(case.text) == (case.at, case.err, case.out)


def test_differences_are_real() -> None:
    assert all(outcome(case.text) != (case.at, case.err, case.out) for case in cases() if case.text in DIFFERENT)


@given(st.text(alphabet="{}-./*$|()\"'`\\ \n:=,abxif012345nd", max_size=60))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    with contextlib.suppress(TemplateError):
        TemplateSet(limits=Limits(steps=1000, output=1000)).parse(text, "t").execute(DATA)


@given(st.sampled_from([case.text for case in cases()]), st.integers(0, 200), st.sampled_from('{}$.|()"x '))
def test_a_damaged_template_is_refused_or_works(text: str, place: int, sign: str) -> None:
    damaged = text[:place] + sign + text[place + 1 :]
    assert outcome(damaged)[0] in ("", "parse", "run")


@pytest.mark.parametrize(
    "text",
    [
        "{{ range 1000000 }}x{{ end }}",
        "{{ range 100000 }}{{ range 100000 }}{{ end }}{{ end }}",
        '{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}',
        '{{ $x := "xxxxxxxxxxxxxxxx" }}{{ range 100000 }}{{ $x = print $x $x }}{{ end }}',
        '{{ range 100 }}{{ $x := printf "%999999d" 1 }}{{ end }}',
    ],
)
def test_an_execution_is_bounded(text: str) -> None:
    with pytest.raises(TemplateLimitError):
        TemplateSet().parse(text, "t").execute({})


def test_replacing_is_bounded() -> None:
    text = '{{ $long := printf "%99999d" 1 }}{{ reReplaceAll " " $long $long }}'
    with pytest.raises(TemplateRunError, match="more than 1,000,000 characters"):
        TemplateSet(TEXT_FUNCTIONS).parse(text, "t").execute({})


def test_nothing_of_python_is_reachable() -> None:
    for text in ("{{ .__class__ }}", "{{ (index .List 0).upper }}", "{{ .Labels.keys }}", "{{ .Twice.call }}", "{{ .Text.format }}"):
        at, _, out = outcome(text)
        assert at or out in ("", "<no value>")


def test_blocks_may_not_nest_without_end() -> None:
    text = "{{ if true }}" * 5000 + "{{ end }}" * 5000
    with pytest.raises(TemplateParseError, match="nested too deeply"):
        TemplateSet().parse(text, "t")
    with pytest.raises(TemplateParseError, match="nested too deeply"):
        TemplateSet().parse("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "t")


def test_a_set_shares_what_it_defines() -> None:
    templates = TemplateSet({"shout": Method(str.upper, "string")})
    templates.define('{{ define "greeting" }}Hello {{ . | shout }}{{ end }}ignored', "greetings.tmpl")
    assert templates.names() == ["greeting"]
    assert templates.parse('{{ template "greeting" .Text }}!', "t").execute(DATA) == "Hello HELLO, WÖRLD!"


def test_an_error_inside_a_shared_template_names_its_file() -> None:
    templates = TemplateSet()
    templates.define('line\n{{ define "inner" }}\n{{ .Nope }}{{ end }}', "inner.tmpl")
    with pytest.raises(TemplateRunError) as caught:
        templates.parse('{{ template "inner" . }}', "outer").execute(DATA)
    assert str(caught.value).startswith('template: inner.tmpl:3:3: executing "inner" at <.Nope>')


def test_variables_are_there_from_the_beginning() -> None:
    template = TemplateSet().parse("{{ $value }} of {{ $labels.job }}", "t", ("$labels", "$value"))
    assert template.execute(None, variables={"$labels": {"job": "api"}, "$value": 1.5}) == "1.5 of api"
