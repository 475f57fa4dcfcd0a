"""What must hold for the curated files, beyond what loading checks."""

import re
from decimal import Decimal

import pytest

from knowledge import Claim
from tests.builders import curated

KNOWN = curated()
CLAIMS = list(KNOWN.claims.values())


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.figures], ids=lambda claim: claim.id)
def test_a_figure_stands_in_its_sentence_as_it_is(claim: Claim) -> None:
    numbers = {Decimal(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", claim.text)}
    assert {figure.value for figure in claim.figures} <= numbers


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_is_one_sentence(claim: Claim) -> None:
    assert not re.search(r"[.!?] [A-Z]", claim.text)


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.kind == "forecast"], ids=lambda claim: claim.id)
def test_a_forecast_does_not_read_as_a_result(claim: Claim) -> None:
    assert re.search(r"expected|going to|planned|forecast|aimed|could", claim.text)


def test_what_rests_on_the_undated_article_has_no_firm_date() -> None:
    for claim in CLAIMS:
        if claim.sources == ("trimfeed-2024",) and claim.as_of.year == 2024:
            assert claim.as_of.inferred
            assert claim.as_of.day is None


def test_whatever_the_column_says_is_attributed() -> None:
    assert all(claim.attributed_to for claim in CLAIMS if "cri-2017" in claim.sources)
    assert all(claim.attributed_to for claim in CLAIMS if "trimfeed-2024" in claim.sources)


@pytest.mark.parametrize(
    ("figure", "companies"),
    [
        ("share of e-commerce in retail spending in China, by 2018", ()),
        ("market value", ("tencent",)),
        ("takings on Singles' Day", ("alibaba",)),
        ("internet users in China", ()),
        ("share of business from overseas, many companies", ()),
    ],
)
def test_a_figure_of_the_founding_documents_is_its_own_companys(figure: str, companies: tuple[str, ...]) -> None:
    owners = {c.companies for c in CLAIMS for f in c.figures if f.what == figure and c.id.startswith(("cri-", "tf-"))}
    assert owners == {companies}


def test_no_two_figures_on_a_companys_card_look_the_same() -> None:
    for company in KNOWN.companies.values():
        standing = [c for c in KNOWN.claims_about(company) if not c.retracted and not KNOWN.superseding(c)]
        labels = [(figure.what, figure.qualifier) for claim in standing for figure in claim.figures]
        assert len(labels) == len(set(labels)), company.slug


def test_every_company_says_what_it_is_and_every_theme_has_claims() -> None:
    without = {slug for slug, company in KNOWN.companies.items() if company.about is None}
    assert without == {"anker"}, "no source says anything of it yet"
    assert all(KNOWN.claims_about(theme) for theme in KNOWN.themes.values())
    assert all(KNOWN.claims_about(source) for source in KNOWN.sources.values())


def test_foreign_companies_are_marked() -> None:
    assert {slug for slug, company in KNOWN.companies.items() if company.foreign} == {"facebook", "goto", "irobot"}


def test_what_is_curated_is_as_large_as_it_was_meant_to_be() -> None:
    assert len(KNOWN.companies) == 39
    assert len(KNOWN.themes) >= 35
    assert len(KNOWN.markets) >= 12
    assert len(CLAIMS) > 83 + 168


def test_every_card_has_key_claims() -> None:
    for company in KNOWN.companies.values():
        claims = [claim for claim in KNOWN.claims_about(company) if not claim.retracted]
        if len(claims) > 4:
            assert any(claim.key for claim in claims), company.slug


# One row a statement of the two founding documents, in their order: what must be found in the claims that tell it.
COVERED = [
    # Benjamin Cavender's column
    ("cri-wic-showcase", "12 months"), ("cri-wic-how-far", "most innovative"), ("cri-wic-subject", "sharing of information"),
    ("cri-wic-central", "central"), ("cri-leaders-invest-neighbours", "investing heavily"), ("cri-top-three", "Baidu"),
    ("cri-wic-chinese-guests", "going to be present"), ("cri-wic-foreign-guests", "Facebook"),
    ("cri-facebook-global-stage", "global stage"), ("cri-facebook-access", "wider access"), ("cri-huawei-forum", "Richard Yu"),
    ("cri-wic-dates", "3 to 5 December 2017"), ("cri-wic-worth-attention", "Governments"),
    ("cri-china-emerged-leader", "logistics technology"), ("cri-transform-unbanked", "bank accounts"),
    ("cri-leaders-expand", "acquisition"), ("cri-leaders-consumers", "East Asia, South Asia and Africa"),
    ("cri-wic-cooperation-chances", "chances to cooperate"), ("cri-ecommerce-share-2018", "34%"),
    ("cri-ecommerce-outpaces", "faster"), ("cri-merge-online-offline", "online"), ("cri-alibaba-sun-art-stake", "stake"),
    ("cri-sun-art-largest", "largest"), ("cri-alibaba-sun-art-data", "online data"), ("cri-alibaba-sun-art-space", "doors"),
    ("cri-pursue-mobile-commerce", "small loans"), ("cri-mobile-commerce-benefit", "neighbouring"),
    ("cri-services-hit-home", "success"), ("cri-busy-year", "busy"), ("cri-tencent-wechat", "WeChat"),
    ("cri-tencent-500bn", "500 billion US dollars"), ("cri-tencent-500bn-why", "messaging"),
    ("cri-alibaba-close-behind", "close behind"), ("cri-alibaba-singles-day", "25 billion US dollars"),
    ("cri-growth-from-home", "inside China"), ("cri-next-billion", "Southeast Asia, India and Africa"),
    ("cri-strict-rules", "fairly strict"), ("cri-users-750m", "750 million"), ("cri-compliance-helped", "directives"),
    ("cri-cautious-abroad", "caution"), ("cri-obor-ties", "One Belt One Road"), ("cri-obor-technology", "development"),
    ("cri-adapt-emerging", "emerging markets"), ("cri-wic-development", "best practices"), ("cri-neighbours-leery", "security"),
    ("cri-neighbours-better-off", "investment"), ("cri-openness-innovation", "start-ups"), ("cri-wic-best-result", "neighbouring countries need"),
    ("cri-wic-synergy", "synergy"),
    # The TrimFeed article
    ("tf-follower-to-leader", "crackdowns"), ("tf-driven-by", "ByteDance"), ("tf-brands-despite-crackdowns", "US crackdowns"),
    ("tf-brands-reshape", "landscape"), ("tf-start-ups-boom", "1990s"), ("tf-users-passed-us", "2008"),
    ("tf-growth-factors", "policies"), ("tf-thrive-despite-crackdowns", "thriving"), ("tf-global-leaders-in-fields", "leader"),
    ("tf-advances", "supercomputing"), ("tf-baidu-forefront", "front rank"), ("tf-cac-role", "Cyberspace Administration"),
    ("tf-rise-implications", "power"), ("tf-reshape-use", "uses technology"), ("tf-roborock-brand", "robot vacuum"),
    ("tf-roborock-strengths", "manufacturing"), ("tf-new-age-expand", "expanding rapidly"),
    ("tf-new-age-overseas-share", "30 to 50%"), ("tf-born-international", "abroad"), ("tf-brands-preferred", "prefer"),
    ("tf-brands-upmarket", "high-end"), ("tf-roborock-outcompetes", "iRobot"), ("tf-irobot-market", "US-based"),
    ("tf-road-not-smooth", "difficulties"), ("tf-alibaba-darling", "favourite"), ("tf-alibaba-obstacles", "Slower growth"),
    ("tf-alibaba-shareholders", "disappointed"), ("tf-alibaba-origin", "cross-border"), ("tf-alibaba-sectors", "logistics"),
    ("tf-ecommerce-demand-side", "demand"), ("tf-alibaba-bottleneck", "dearly"), ("tf-alibaba-response", "end users first"),
    ("tf-takeaway-leads", "summary line"), ("tf-takeaway-roborock", "summary line"),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "words"), COVERED)
def test_a_statement_of_the_founding_documents_is_told(claim: str, words: str) -> None:
    assert words in KNOWN.claims[claim].text


def test_the_founding_documents_are_told_and_nothing_is_added_to_them() -> None:
    founding = {c.id for c in CLAIMS if set(c.sources) & {"cri-2017", "trimfeed-2024"}}
    assert founding == {claim for claim, _ in COVERED}


def test_the_label_of_a_figure_is_a_noun_that_can_stand_before_it() -> None:
    for claim in CLAIMS:
        for figure in claim.figures:
            assert figure.what.split()[0] not in {
                "of",
                "with",
                "in",
                "by",
                "given",
                "served",
                "paid",
                "sold",
                "reached",
            }
