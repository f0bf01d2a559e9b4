"""Convert the names and codes that clients use for a spoken language to Whisper's code.

The case, region and script of a tag are ignored: "EN", "en_GB", "pt-BR" and "zh-Hans-CN" are "en",
"en", "pt" and "zh". Codes of ISO 639-2 and 639-3, withdrawn codes, and the English and native names
are accepted too. A library such as langcodes needs a data package of several megabytes for the
names; one hundred languages fit in this file.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from pydantic_core import PydanticCustomError

# One line per language: Whisper's code, then other codes and names. "_" represents a space.
_TABLE: Final = """
af afr afrikaans
am amh amharic አማርኛ
ar ara arb arabic العربية
as asm assamese অসমীয়া
az aze azj azb azerbaijani azeri azərbaycan azərbaycanca
ba bak bashkir башҡортса
be bel belarusian belarussian беларуская
bg bul bulgarian български
bn ben bengali bangla বাংলা
bo bod tib tibetan བོད་སྐད་
br bre breton brezhoneg
bs bos bosnian bosanski
ca cat catalan valencian català
cs ces cze czech čeština česky
cy cym wel welsh cymraeg
da dan danish dansk
de deu ger german deutsch swiss_german austrian_german
el ell gre greek modern_greek ελληνικά
en eng english british_english american_english us_english
es spa spanish castilian español castellano
et est ekk estonian eesti
eu eus baq basque euskara
fa fas per pes prs persian farsi dari فارسی
fi fin finnish suomi
fo fao faroese føroyskt
fr fra fre french français
gl glg galician galego
gu guj gujarati ગુજરાતી
ha hau hausa
haw hawaiian ʻōlelo_hawaiʻi
he heb iw hebrew עברית
hi hin hindi हिन्दी हिंदी
hr hrv scr croatian hrvatski
ht hat haitian_creole haitian kreyòl_ayisyen kreyòl
hu hun hungarian magyar
hy hye arm armenian հայերեն
id ind in indonesian bahasa_indonesia
is isl ice icelandic íslenska
it ita italian italiano
ja jpn japanese 日本語
jw jv jav javanese basa_jawa
ka kat geo georgian ქართული
kk kaz kazakh қазақ_тілі қазақша
km khm khmer cambodian ខ្មែរ
kn kan kannada ಕನ್ನಡ
ko kor korean 한국어
la lat latin latina
lb ltz luxembourgish letzeburgesch lëtzebuergesch
ln lin lingala
lo lao ລາວ
lt lit lithuanian lietuvių
lv lav lvs latvian latviešu
mg mlg plt malagasy
mi mri mao maori te_reo_māori
mk mkd mac macedonian македонски
ml mal malayalam മലയാളം
mn mon khk mongolian монгол
mr mar marathi मराठी
ms msa may zsm zlm malay bahasa_melayu
mt mlt maltese malti
my mya bur myanmar burmese မြန်မာ
ne nep npi nepali नेपाली
nl nld dut dutch flemish nederlands vlaams
nn nno nynorsk norwegian_nynorsk
no nor nb nob norwegian bokmål norwegian_bokmål norsk
oc oci occitan
pa pan punjabi panjabi ਪੰਜਾਬੀ
pl pol polish polski
ps pus pbt pbu pashto pushto پښتو
pt por portuguese brazilian_portuguese português português_brasileiro
ro ron rum mo mol romanian moldavian moldovan română
ru rus russian русский
sa san sanskrit संस्कृतम्
sd snd sindhi سنڌي
si sin sinhala sinhalese සිංහල
sk slk slo slovak slovenčina
sl slv slovenian slovene slovenščina
sn sna shona chishona
so som somali soomaali
sq sqi alb als albanian shqip
sr srp scc serbian српски srpski
su sun sundanese basa_sunda
sv swe swedish svenska
sw swa swh swahili kiswahili
ta tam tamil தமிழ்
te tel telugu తెలుగు
tg tgk tajik тоҷикӣ
th tha thai ไทย
tk tuk turkmen türkmençe
tl tgl fil tagalog filipino
tr tur turkish türkçe
tt tat tatar татарча
uk ukr ukrainian українська
ur urd urdu اردو
uz uzb uzn uzbek oʻzbek o'zbek
vi vie vietnamese tiếng_việt
yi yid ydd ji yiddish ייִדיש
yo yor yoruba yorùbá
yue cantonese 粵語 粤语 廣東話
zh zho chi cmn chinese mandarin mandarin_chinese simplified_chinese traditional_chinese 中文 汉语 漢語 普通话 简体中文 繁體中文 繁体中文
"""  # noqa: E501

# Values that clients send to have the language detected.
_DETECT_VALUES: Final = frozenset(
    {"auto", "automatic", "autodetect", "auto-detect", "auto_detect", "detect", "any"}
    | {"null", "none", "undefined", "und", "mul", "unknown", "default"}
)
_MAX_CHARACTERS: Final = 64
_DASHES: Final = re.compile("[\u2010-\u2015\u2212]")  # editors and keyboards replace "-" by them
_TAG: Final = re.compile(r"[a-z]{2,8}([-_][a-z0-9]{1,8})*")


def _fold(name: str) -> str:
    """A name without case, accents and repeated spaces."""
    parts = unicodedata.normalize("NFKD", name.replace("_", " ")).casefold()
    return " ".join("".join(c for c in parts if not unicodedata.combining(c)).split())


_ROWS: Final = [line.split() for line in _TABLE.strip().splitlines()]
CODES: Final = tuple(row[0] for row in _ROWS)
# The first entry that is longer than a code is the English name; of Lao the name is as long.
_NAMES: Final = {
    row[0]: next((name for name in row if len(name) > 3), row[1]).replace("_", " ") for row in _ROWS
}
_BY_NAME: Final = {_fold(name): row[0] for row in _ROWS for name in row}


def to_name(code: str) -> str:
    """The English name of a language in lower case, as Whisper has it: "en" is "english"."""
    return _NAMES[code]


def to_code(value: str) -> str | None:
    """Whisper's code of the language that `value` names; None to have it detected.

    Raises:
        PydanticCustomError: It names no language of Whisper's. It is a `ValueError`, as validators
            need.
    """
    value = value.strip()
    if not value or value.lower() in _DETECT_VALUES:
        return None
    if len(value) <= _MAX_CHARACTERS:
        name = _fold(value.partition("(")[0]) if value.endswith(")") else _fold(value)
        if name in _BY_NAME:
            return _BY_NAME[name]
        tag = _DASHES.sub("-", value.lower())
        tag = re.split(r"[.@]", tag)[0]  # a POSIX locale: en_US.UTF-8, ca_ES@valencia
        if _TAG.fullmatch(tag):
            language, *others = re.split(r"[-_]", tag)
            if language == "zh" and others[:1] == ["yue"]:
                return "yue"
            if language in _BY_NAME and len(language) <= 3:
                return _BY_NAME[language]
    raise PydanticCustomError(
        "language",
        "Unknown language: send an ISO 639-1 code such as en, de or pt-BR, or leave it out to have "
        "the language detected",
        {"valid": list(CODES)},
    )
