import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from knowledge import Company, NameIndex, Source, UnknownName
from knowledge.folding import fold, initials, ticker_variants, without_legal_form
from knowledge.near import MOST_ERRORS, NearKeys
from tests.builders import company, curated

# What a reader types, and who is meant.
MEANT = {
    "tencent": [
        "Tencent", "tencent", "TENCENT", " tencent ", "ＴＥＮＣＥＮＴ", "腾讯", "騰訊", "腾讯控股", "騰訊控股", "tengxun",
        "teng xun", "Teng Xun", "TX", "tx", "0700", "700", "00700", "0700.HK", "700.hk", "00700 HK", "0700 hk", "TCEHY",
        "WeChat", "wechat", "微信", "Weixin", "QQ", "Tencent Holdings", "Tencent Holdings Ltd", "Tencent Inc.",
        "Tencent, Inc", "Tencent Group", "WeChat owner", "WeChat's owner", "WeChat’s owner", "腾讯集团", "tencent holdings limited",
        "Ｔｅｎｃｅｎｔ　Ｈｏｌｄｉｎｇｓ", "Téncent", "“Tencent”", "Tencent!",
    ],
    "alibaba": [
        "Alibaba", "ALIBABA GROUP", "Alibaba Group Holding", "Alibaba Group Holding Limited", "阿里巴巴", "阿里", "阿里巴巴集团",
        "阿里巴巴集團", "alibaba.", "a li ba ba", "albb", "BABA", "baba", "9988", "9988.HK", "09988", "Taobao", "淘宝", "淘寶",
        "Tmall", "天猫", "天貓", "AliExpress", "Ali Express", "速卖通", "速賣通", "Alibaba Cloud", "阿里云", "阿里雲", "Qwen", "通义千问",
    ],
    "baidu": ["Baidu", "百度", "baidu", "bai du", "bd", "BIDU", "9888", "9888.HK", "Apollo Go", "apollogo", "萝卜快跑", "文心一言",
              "ERNIE", "百度集团", "Baidu, Inc."],
    "bytedance": ["ByteDance", "Byte Dance", "byte-dance", "字节跳动", "字節跳動", "字节", "zijietiaodong", "zjtd", "TikTok", "tik tok",
                  "Douyin", "抖音", "TikTok Shop", "ByteDance Ltd"],
    "huawei": ["Huawei", "华为", "華為", "hua wei", "hw", "Huawei Technologies", "Huawei Technologies Co., Ltd.", "华为技术",
               "华为技术有限公司", "HarmonyOS", "鸿蒙"],
    "roborock": ["Roborock", "石头科技", "石頭科技", "688169", "688169.SH", "Beijing Roborock Technology", "Stone Technology"],
    "sun-art": ["Sun Art", "Sun-Art", "sunart", "Sun Art Retail", "Sun Art Retail Group", "高鑫零售", "大润发", "大潤發", "RT-Mart",
                "RT Mart", "6808", "6808.HK", "sun-art"],
    "facebook": ["Facebook", "facebook", "Meta", "Meta Platforms", "Meta Platforms, Inc.", "脸书", "臉書"],
    "jd": ["JD", "JD.com", "jd com", "京东", "京東", "jingdong", "9618", "09618.HK", "Joybuy"],
    "xiaomi": ["Xiaomi", "小米", "1810", "1810.HK", "Redmi", "xiao mi", "xm"],
    "meituan": ["Meituan", "美团", "美團", "美团点评", "Keeta", "3690"],
    "pdd": ["PDD", "Temu", "TEMU", "Pinduoduo", "拼多多", "PDD Holdings", "pin duo duo"],
    "shein": ["Shein", "SHEIN", "希音"],
    "didi": ["Didi", "DiDi", "滴滴", "滴滴出行", "DiDi Global", "DIDIY"],
    "trip-com": ["Trip.com", "trip com", "Ctrip", "携程", "攜程", "TCOM", "9961.HK"],
    "ant-group": ["Ant Group", "Alipay", "Alipay+", "支付宝", "支付寶", "Ant Financial", "蚂蚁集团"],
    "netease": ["NetEase", "网易", "網易", "NTES", "9999", "Net Ease"],
    "mihoyo": ["miHoYo", "HoYoverse", "Genshin Impact", "原神"],
    "byd": ["BYD", "比亚迪", "比亞迪", "1211", "002594.SZ"],
    "dji": ["DJI", "大疆", "Da-Jiang Innovations"],
    "kuaishou": ["Kuaishou", "快手", "Kwai", "可灵", "Kuaishou Technology"],
    "deepseek": ["DeepSeek", "Deep Seek", "深度求索"],
    "sensetime": ["SenseTime", "商汤", "20.HK", "0020.HK"],
    "transsion": ["Transsion", "Tecno", "传音控股"],
    "game-science": ["Game Science", "黑神话:悟空", "Black Myth: Wukong", "黑神話"],
    "irobot": ["iRobot", "IROBOT", "i robot", "Roomba", "IRBT"],
}  # fmt: skip
MENDED = {
    "Tencnet": "tencent", "Tencen": "tencent", "Tencentt": "tencent", "Tensent": "tencent", "Alibba": "alibaba",
    "Hauwei": "huawei", "Tencnet Inc": "tencent", "Hauwei Co., Ltd.": "huawei", "Tmal": "alibaba", "Huwaei": "huawei", "Huaweii": "huawei", "Bytedanse": "bytedance", "Robrock": "roborock",
    "Facebok": "facebook", "Wechatt": "tencent", "阿里巴吧": "alibaba", "字节跳懂": "bytedance", "Tiktokk": "bytedance",
    "Tеncent": "tencent",  # with a Cyrillic е
}  # fmt: skip
# Names that must stay unknown, and what may be suggested for them.
UNKNOWN: dict[str, list[str]] = {
    "Ali": ["alibaba", "ant-group"],
    "ali": ["alibaba", "ant-group"],
    "石头": ["roborock"],
    "Tencent Music": ["tencent"],
    "腾讯音乐": ["tencent"],
    "Alibaba Pictures": ["alibaba"],
    "Baidu Ventures Fund": ["baidu"],
    "三星": [],
    "Samsung": [],
    "Grab": [],
    "Coupang": [],
    "Shopee": [],
    "京东科技": ["jd"],
    "JD Logistics": [],
    "TX Group": [],
    "BD Corp": [],
    "0700 Ltd": [],
    "TCEHX": [],
    "小米之家": ["xiaomi"],
    "Google": [],
    "Amazon": [],
    "Zalando": [],
    "Spotify": [],
    "0701": [],
    "701": [],
    "07000": [],
    "1": [],
    "0": [],
    "华硕": [],
    "百": ["baidu"],
    "Tenc": ["tencent"],
    "ten": ["tencent"],
    "t": [],
    "Tancant": ["tencent"],
    "Metta": ["facebook", "meituan"],
    "腾迅": ["tencent"],
    "百渡": ["baidu"],
    "Mета": [],
    "the": [],
    "company": [],
    "Holdings": [],
    "Group": [],
    "集团": [],
    "控股": [],
    "": [],
    " ": [],
    "!!!": [],
    "🙂": [],
    "overseas": [],
}


@pytest.fixture(scope="module")
def companies() -> NameIndex[Company]:
    return curated().company_names


def suggested_by(unknown: pytest.ExceptionInfo[UnknownName]) -> list[str]:
    return [record.slug for record in unknown.value.suggestions if not isinstance(record, Source)]


def test_the_table_of_typed_names_has_over_a_hundred_rows() -> None:
    assert sum(map(len, MEANT.values())) + len(MENDED) + len(UNKNOWN) > 100


@pytest.mark.parametrize(("typed", "meant"), [(typed, slug) for slug, names in MEANT.items() for typed in names])
def test_a_name_in_any_spelling_reaches_its_company(companies: NameIndex[Company], typed: str, meant: str) -> None:
    found = companies.find(typed)
    assert (found.record.slug, found.typo) == (meant, False)


@pytest.mark.parametrize(("typed", "meant"), MENDED.items())
def test_one_typing_error_without_rival_is_mended_and_said(
    companies: NameIndex[Company], typed: str, meant: str
) -> None:
    found = companies.find(typed)
    assert (found.record.slug, found.typo) == (meant, True)


@pytest.mark.parametrize(("typed", "suggested"), UNKNOWN.items())
def test_an_unknown_name_stays_unknown(companies: NameIndex[Company], typed: str, suggested: list[str]) -> None:
    with pytest.raises(UnknownName) as unknown:
        companies.find(typed)
    if suggested:
        assert suggested_by(unknown) == suggested
    assert len(unknown.value.suggestions) <= 3


@pytest.mark.parametrize(
    "typed",
    [
        t
        for t, suggested in UNKNOWN.items()
        if not suggested and t not in ("t", "0", "1", "07000", "BD Corp", "0700 Ltd")
    ],
)
def test_a_name_like_no_other_gets_no_suggestion(companies: NameIndex[Company], typed: str) -> None:
    with pytest.raises(UnknownName) as unknown:
        companies.find(typed)
    assert unknown.value.suggestions == ()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("overseas", "overseas-expansion"), ("出海", "overseas-expansion"), ("Going Global", "overseas-expansion"),
        ("AI", "ai"), ("人工智能", "ai"), ("人工智慧", "ai"), ("O2O", "o2o-new-retail"), ("新零售", "o2o-new-retail"),
        ("Wuzhen", "world-internet-conference"), ("烏鎮", "world-internet-conference"), ("BRI", "belt-and-road"),
        ("一帶一路", "belt-and-road"), ("e commerce", "e-commerce"), ("ecommerce", "e-commerce"), ("Tencent", None),
        ("ovrseas", "overseas-expansion"), ("regulation", "regulation-china"), ("S.E.A.", "southeast-asia"),
    ],
)  # fmt: skip
def test_a_theme_is_found_by_its_names(typed: str, meant: str | None) -> None:
    themes = curated().theme_names
    if meant is None:
        with pytest.raises(UnknownName):
            themes.find(typed)
    else:
        assert themes.find(typed).record.slug == meant


def index(*records: Company) -> NameIndex[Company]:
    return NameIndex("company", records)


def slugs(unknown: pytest.ExceptionInfo[UnknownName]) -> set[str]:
    return set(suggested_by(unknown))


def test_a_stripped_legal_form_that_two_share_is_weak_for_both() -> None:
    names = index(company("a", "Nova Group"), company("b", "Nova Holdings"))
    with pytest.raises(UnknownName) as unknown:
        names.find("Nova")
    assert slugs(unknown) == {"a", "b"}


def test_a_derived_key_that_meets_a_declared_one_is_weak_for_both() -> None:
    names = index(company("a", "Nova"), company("b", "Nova Holdings"))
    with pytest.raises(UnknownName) as unknown:
        names.find("Nova")
    assert slugs(unknown) == {"a", "b"}
    assert names.find("Nova Holdings").record.slug == "b"


def test_initials_that_two_share_only_suggest() -> None:
    names = index(company("a", aliases={"pinyin": ["teng xun"]}), company("b", aliases={"pinyin": ["tong xin"]}))
    with pytest.raises(UnknownName) as unknown:
        names.find("TX")
    assert slugs(unknown) == {"a", "b"}


def test_a_ticker_without_exchange_that_two_share_only_suggests() -> None:
    names = index(company("a", aliases={"ticker": ["0700.HK"]}), company("b", aliases={"ticker": ["700.TW"]}))
    with pytest.raises(UnknownName) as unknown:
        names.find("0700")
    assert slugs(unknown) == {"a", "b"}
    assert names.find("00700.HK").record.slug == "a"


def test_a_key_listed_as_weak_is_not_derived() -> None:
    names = index(company("a", "Nova"), company("b", "Nova Holdings", aliases={"weak": ["Nova"]}))
    assert names.find("Nova").record.slug == "a"


def test_a_rival_within_two_errors_prevents_a_direct_answer() -> None:
    names = index(company("a", "Zephyra"), company("b", "Zephyro"))
    with pytest.raises(UnknownName) as unknown:
        names.find("Zephyry")
    assert slugs(unknown) == {"a", "b"}


@pytest.mark.parametrize("typed", ["Acm", "Acmee", "0700", "07001", "12346"])
def test_short_names_and_numbers_are_never_mended(typed: str) -> None:
    names = index(company("acme"), company("b", aliases={"ticker": ["0700.HK", "12345"]}))
    if typed == "0700":
        assert names.find(typed).record.slug == "b"
    else:
        with pytest.raises(UnknownName):
            names.find(typed)


def test_a_weak_alias_is_never_mended_to() -> None:
    names = index(company("b", "Bravo Lines", aliases={"weak": ["Zephyrus"]}))
    with pytest.raises(UnknownName) as unknown:
        names.find("Zephyrux")
    assert slugs(unknown) == {"b"}


def test_suggestions_are_ranked_nearest_first() -> None:
    names = index(company("far", "Zephyxx"), company("near", "Zephyra"), company("other", "Quite Different"))
    with pytest.raises(UnknownName) as unknown:
        names.find("Zephyrb")
    assert suggested_by(unknown)[0] == "near"


def test_a_transposition_counts_as_one_error() -> None:
    assert index(company("a", "Zephyra")).find("Zpehyra").typo


@given(st.lists(st.text("abch百度小", max_size=9), max_size=60, unique=True), st.text("abch百度小", max_size=9))
def test_all_keys_within_two_errors_are_near_and_no_other(keys: list[str], typed: str) -> None:
    distances = ((OSA.distance(typed, key), key) for key in keys)
    assert NearKeys(keys).of(typed) == [(key, d) for d, key in sorted(distances) if d <= MOST_ERRORS]


def test_completion_returns_each_record_once_by_any_of_its_names() -> None:
    names = curated().company_names
    assert [record.slug for record in names.complete("tence", 25)] == ["tencent"]
    assert [record.slug for record in names.complete("腾", 25)] == ["tencent"]
    assert [record.slug for record in names.complete("騰", 25)] == ["tencent"]
    assert [record.slug for record in names.complete("b", 2)] == ["baidu", "bilibili"]  # and not Alibaba, by BABA
    assert names.complete("zzz", 25) == []


def test_completion_goes_on_where_many_names_of_one_record_begin_alike() -> None:
    many = company("nova", aliases={"name": [f"Nova {number}" for number in range(60)]})
    names = index(many, company("novb"), company("other", aliases={"product": ["Novx"]}))
    assert [record.slug for record in names.complete("nov", 3)] == ["nova", "novb", "other"]


@pytest.mark.parametrize(
    ("name", "shorter"),
    [
        ("Tencent Holdings", "tencent"), ("Alibaba Group Holding Limited", "alibaba"), ("腾讯控股有限公司", "腾讯"),
        ("阿里巴巴集團", "阿里巴巴"), ("Group", None), ("Holdings", None), ("集团", None), ("控股集团", None), ("Acme", None),
        ("Acme Co., Ltd.", "acme"), ("Kuaishou Technology", None),
    ],
)  # fmt: skip
def test_legal_forms_are_stripped_from_the_end_and_never_the_whole_name(name: str, shorter: str | None) -> None:
    assert without_legal_form(name) == shorter


def test_initials_need_several_words_in_latin_letters() -> None:
    assert [initials(name) for name in ("teng xun", "a li ba ba", "baidu", "", "腾 讯", "3 words")] == [
        "tx", "albb", None, None, None, None,
    ]  # fmt: skip


def test_a_ticker_is_met_with_and_without_zeros_and_exchange() -> None:
    assert ticker_variants("0700.HK") == {"700", "0700", "00700", "700hk", "0700hk", "00700hk"}
    assert ticker_variants("BABA") == {"baba"}
    assert ticker_variants("000") >= {"0", "0000"}


@given(st.text(max_size=60))
def test_folding_a_second_time_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=string.ascii_letters, min_size=1, max_size=30), st.integers(0, 29))
def test_case_width_and_gaps_do_not_matter(text: str, at: int) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in text)
    gap = text[: at % len(text)] + " -" + text[at % len(text) :]
    assert fold(text.upper()) == fold(text.lower()) == fold(wide) == fold(gap)


@given(st.text(max_size=250))
def test_any_text_is_found_or_unknown(typed: str) -> None:
    names = curated_once
    try:
        assert names.find(typed).record.slug
    except UnknownName as unknown:
        assert len(unknown.suggestions) <= 3


curated_once = curated().company_names


@given(st.sampled_from([typed for names in MEANT.values() for typed in names]), st.data())
def test_every_known_name_survives_another_case_and_outer_gaps(typed: str, data: st.DataObject) -> None:
    changed = data.draw(st.sampled_from([typed.upper(), typed.lower(), typed.title(), f"  {typed} "]))
    assert curated_once.find(changed).record is curated_once.find(typed).record
