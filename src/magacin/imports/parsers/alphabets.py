"""Which letters languages write beyond ASCII: what a wrong code page makes of a text is no language's.

Of each language only the letters that ASCII lacks, in small; capitals follow. Behind a blank stand those that
are rare in it. The source is the main set of exemplar characters in Unicode's CLDR, less those that only
foreign names have.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

_LETTERS = {
    "Serbian, Croatian": "čćžšđ",
    "Slovene": "čšž",
    "Polish": "ąćęłńóśźż",
    "Hungarian": "áéíóöőúüű",
    "Czech": "áčéěířšůýžú ďňóť",
    "Slovak": "áčďéíľňóôšťúýž äĺŕ",
    "German": "äöüß",
    "French": "àâçéèêîôœ æëïùûüÿ",
    "Spanish": "áéíñóú üªº",
    "Portuguese": "ãáâçéêíóôõú àªº",
    "Italian": "àèéìòù íóúîªº",
    "Dutch": "éë èïöüáíóú",
    "Catalan": "àçéèíïóòúü",
    "Danish, Norwegian": "æøå é",
    "Swedish, Finnish": "åäö é",
    "Icelandic": "áéíóúýæö ðþ",
    "Romanian": "ăâîșşțţ",
    "Albanian": "çë",
    "Estonian": "äöõü šž",
    "Latvian": "āčēģīķļņšūž",
    "Lithuanian": "ąčęėįšųūž",
    "Turkish": "çğıöşüİ â",
    "Russian": "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
    "Serbian": "абвгдђежзијклљмнњопрстћуфхцчџш",
    "Macedonian": "абвгдежзијклљмнњопрстуфхцчџш ѓѕќ",
    "Bulgarian": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "Ukrainian": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "Belarusian": "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
    "Greek": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "Hebrew": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "Arabic": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي",
    "Thai": "กขคฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮะาำเแโใไ",
}
_WRITTEN_IN = {
    "Western European": (
        "German", "French", "Spanish", "Portuguese", "Italian", "Dutch", "Catalan", "Danish, Norwegian",
        "Swedish, Finnish", "Icelandic", "Albanian", "Estonian",
    ),
    "Central European": (
        "Serbian, Croatian", "Slovene", "Polish", "Hungarian", "Czech", "Slovak", "Romanian", "German",
        "Albanian",
    ),
    "Baltic": ("Estonian", "Latvian", "Lithuanian"),
    "Turkish": ("Turkish",),
    "Cyrillic": ("Russian", "Serbian", "Macedonian", "Bulgarian", "Ukrainian", "Belarusian"),
    "Greek": ("Greek",),
    "Hebrew": ("Hebrew",),
    "Arabic": ("Arabic",),
    "Thai": ("Thai",),
}  # fmt: skip


class Alphabet(NamedTuple):
    """The letters of a language, of which some are rare."""

    letters: frozenset[str]
    rare: frozenset[str]


def _alphabet(language: str) -> Alphabet:
    common, _, rare = _LETTERS[language].partition(" ")
    return Alphabet(frozenset(common + common.upper() + rare + rare.upper()), frozenset(rare + rare.upper()))


# Of each group of code pages, what the languages have that are written in them.
ALPHABETS = {group: tuple(map(_alphabet, languages)) for group, languages in _WRITTEN_IN.items()}
# Of the languages that the product itself speaks: its files come from their countries first of all.
OURS = frozenset("čćžšđČĆŽŠĐ") | frozenset(_LETTERS["Serbian"] + _LETTERS["Serbian"].upper())
# Words of one letter that there are in one of the languages.
SINGLE = frozenset("àéèòóôåöøивскоуяазійήοη")
# No word of any of the languages begins with these.
NEVER_FIRST = frozenset("ÿßůğ")
# What stands beside letters in lists of goods without being one: 20 °C, Ø 30 mm, 3 × 1½", Schäfer® „Tor“.
SIGNS = frozenset("°²³½¼¾×€£¥¢¿¡ªº§–—‘’‚“”„«»‹›©®™…•±µ·№Ø´ \u00ad")

_SCRIPTS = frozenset(
    {"LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC", "THAI", "CJK", "HIRAGANA", "KATAKANA", "HANGUL"}
)
_VOWELS = frozenset("aeiouyæœøı")
EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})

# Of those that write in thousands of characters the ones that any text has, most of them first.
COMMONEST = {
    "Japanese": frozenset(
        "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回"
        "新場金員九入選立開手米力学問高代明実円関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首意法"
        "不来作性的要用制治度務強気小七成期公野協取都和統以機平総加山思家話世受区領多県続進正安設保改数記院女"
        "初北午指権心界支第産結百派点教報済書府活原先共得解名交資予川向際査勝面委告軍文反元重近千考判認画海参"
        "売利組知案道信策集在件団別物側任引使求所次水半品論計死官増係感特情投示変打男基私各始島直両朝価式確村"
        "提運終果西勢台広容必応電住争談能無再位置企真流格有口過局少放税検藤町常校料沢状工建語球営空職土急止送"
        "供可役構木割聞身費付施切由説転食比防補車優夫研断井何南石足消境神番術護展態導備宅害配副算視条独宮究育"
        "席輸楽起万着乗店残想線率病農州武声質待試族銀域助例早張映限親額監環験商葉義伝働形景担好準造英頭技低毎"
        "医味負渡失移差個門写課末守若極種美岡影福蔵量望松佐観整段横型白深字夜製音様財港識注達倉庫札幌屋浜崎戸"
        "阪埼奈仙沼熊鹿岐阜静箱袋赤青黄黒緑池鉛筆器具紙布鉄糸針帽靴服机椅皿瓶缶茶糖塩油酒肉魚卵牛豚鶏掃除洗濯"
        "歯"
    ),
    "Chinese, simplified": frozenset(
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里"
        "用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实"
        "日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政"
        "美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员"
        "解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件"
        "计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白界达光放强即像难且权思王象完"
        "设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔红黄蓝绿黑"
        "杯套灯泡牙刷胶螺丝刀锤钉铁木塑料纸箱袋瓶盒仓库店省县镇街京州圳津庆武汉杭苏湖江河城乡村园港沙宁波青岛"
        "连厦福珠莞佛钢铜铝线板布衣鞋帽桌椅柜床锁链泵阀油漆粉米糖盐茶酒肉鱼蛋菜"
    ),
    "Chinese, traditional": frozenset(
        "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡"
        "用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實"
        "日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政"
        "美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員"
        "解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件"
        "計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白界達光放強即像難且權思王象完"
        "設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運筆紅黃藍綠黑"
        "杯套燈泡牙刷膠螺絲刀鎚錘釘鐵木塑料紙箱袋瓶盒倉庫店省縣鎮街京州臺台桃園竹苗栗彰雄屏嘉隆宜蘭花蓮港澳城"
        "鄉村江河湖島鋼銅鋁線板布衣鞋帽桌椅櫃床鎖鏈泵閥油漆粉米糖鹽茶酒肉魚蛋菜"
    ),
    "Korean": frozenset(
        "이다는의에을가하고지은로한기를사도인어자대리시나들그해서아일정부수라니스만여전구보제장과주으상있공동"
        "되국소거원당오계관안경비유연성면할모생식간미실문신조세중용선내화업트개무발적심요드통재양운마행방물강"
        "분우금위명교등회반진결체추감치러각출천속산단품판형영최울점창색컵펜볼란노빨파초록검흰백청홍남북광포항"
        "춘김박철순희호민준현석태숙갑칫솔망톱못종봉투병접착목숟락빗루끈줄틀책걸침옷말두휴건배터충케블풍냉온난"
        "탁커피차쌀설탕름술"
    ),
}


@lru_cache(maxsize=1 << 12)
def script(character: str) -> str:
    """Return the script that a letter belongs to, as Unicode's names begin with it; "" where it has none."""
    if character.isascii():
        return "LATIN" if character.isalpha() else ""
    # ー, which lengthens a vowel, is named KATAKANA-HIRAGANA.
    first = re.split("[ -]", unicodedata.name(character, ""), maxsplit=1)[0]
    return first if first in _SCRIPTS else ""


def is_consonant(letter: str) -> bool:
    """Tell whether a letter of Latin script is none that a syllable can do without others."""
    return unicodedata.normalize("NFD", letter.casefold())[0] not in _VOWELS
