# ruff: noqa: RUF001, SIM905 - scripts are mixed on purpose; lists of words read best as lines of words
"""Invented titles and artists for the generator, awkward ones included.

Belongs here: word lists and the way names are put together. None is meant to name anybody.
Does not belong here: charts, numbers, files (`generate`).
"""

import random
from collections.abc import Iterator

_ADJECTIVES = (
    "Paper Glass Copper Velvet Hollow Golden Silent Neon Broken Electric Crooked Wild Frozen Lucky Faded Burning "
    "Quiet Midnight Scarlet Lonely Salted Distant Honest Second Endless Borrowed Plastic Restless Sleepy Crystal "
    "Amber Stolen"
).split()
_NOUNS = (
    "Lanterns Harbour Sun Rooms Tide Kite Bus Bloom River Mirrors Summer Letters Ghosts Avenue Satellites Garden "
    "Thunder Rain Candles Horses Signals Balcony Orbit Island Shadows Carousel Diamonds Wolves Telephone Static "
    "Orchard Motel"
).split()
_VERBS = "Hold Leave Follow Forget Call Dance_With Wait_For Run_From Paint Carry Dream_Of Believe".split()
_OBJECTS = "Me You It_All The_Light Your_Name Tomorrow The_City Us Every_Word Nobody My_Shadow The_Moon".split()
_FIRST = (
    "Mara Juno Ozan Lior Tessa Nilo Brisa Kaito Ines Rufus Zadie Milo Anouk Dario Selma Otis Yara Emil Noor Pilar "
    "Cato Vesna Bruno Elif Aroha Tomas Wren Luca Odile Sami Greta Ivo Maite Hollis Niko Runa Silas Thea Umar Vida"
).split()
_LAST = (
    "Velde Pike Reyk Sandoval Okoro Lindqvist Moreau Takeda Brandt Castell Novak Fontaine Aydin Kessler Duarte "
    "Holm Vance Petrov Ruiz Adeyemi Larkin Bauer Sorel Mendes Quill Farrow Ito Costa Nyman Oduya Marsh Renard"
).split()
_BANDS = (
    "Orchard Parade Foxes Engines Cousins Cathedral Sisters Pilots Weather Lighthouse Machine Collective Tigers "
    "Society Arcade Bandits Choir Hotel Kids Atlas"
).split()
_FRENCH = (
    "Sous_la_pluie Minuit_passé Les_heures_douces Rien_à_dire Cœur_en_papier L'été_d'après Où_tu_vas Ça_ira "
    "Demain_peut-être Dernier_métro Ton_absence Mille_fois Boulevard_vide À_l'envers Presque_rien Nuit_blanche "
    "Encore_une_danse"
).split()
_PORTUGUESE = (
    "Saudade_Elétrica Coração_de_Papel Beira-Mar Noite_Sem_Fim Meu_Lugar Última_Dança Só_Você Chuva_de_Verão "
    "Não_Vou_Parar Céu_Aberto Amanhã_Talvez Luz_da_Cidade"
).split()
_GERMAN = (
    "Übermorgen Straßenlichter Wie_früher Kein_Zurück Schöne_Grüße Großstadtregen Für_immer_jetzt Mondfähre "
    "Tausend_Türen"
).split()
_JAPANESE_FIRST = "夜空 春風 硝子 透明 群青 花火 海辺 終電 白昼夢 雨音 銀河 夕焼け 秘密 螺旋 東京 迷子 水色".split()
_JAPANESE_LAST = "の歌 メロディー パレード ラブレター の約束 シンドローム を越えて サイレン の少女 ダンス".split()
_JAPANESE_ARTISTS = (
    "青空ラジオ 夜更かし倶楽部 水無月ハル 硝子細工 ミドリノカゲ 星野ゆら 電気羊 "
    "宵待ちサーカス 白波トオル かざぐるま 三日月商店 猫町オーケストラ 千代紙 浅葱ソラ "
    "ネオン寺 鈴木・B・サンプル ことのは 霧島レイ 黒板消し 花曇り 東雲リコ"
).split()
_CYRILLIC = "Белая_ночь Последний_трамвай Город_спит Не_звони Северный_ветер Тихий_час".split()
_ARABIC = "ليل_طويل قلبي_هنا يا_بحر مدينة_النور".split()

AWKWARD_TITLES = (
    "It's Fine (I Said)",
    'The "Quoted" One',
    "Back\\slash Boulevard",
    "<b>Bold</b> & Beautiful",
    "<script>alert(1)</script>",
    "100% Yours",
    "%s %d {0} {name}",
    "'; DROP TABLE tracks; --",
    "🦊🎷 Fox Trot 𝄞",
    "👩‍👩‍👧‍👦 Family (Live)",
    "A" * 120 + " Very Long Title That Nobody Will Ever Read Aloud " + "Z" * 80,
    "NULL",
    "nan",
    "0",
    "=1+1",
    "C:\\temp\\new",
    "  Leading and trailing spaces  ",
    "Tab\tInside",
    "Zero\u200bWidth",
    "e\u0301 decomposed, é composed",
    "Line\u2028Separator",
    "مرحبا (feat. DJ «Кириллица»)",
    "|pipe| *star* _under_ [link](x)",
    "a/b?c=d&e=f#g",
    "Ünïcödé ﬁ ligature",
)
"""Titles that have broken somebody's import, template, query or table."""

AWKWARD_ARTISTS = (
    "O'Malley & Sons",
    '"The Quotes"',
    "AC\\DC-ish",
    "<i>Italics</i>",
    "50% Off",
    "🐙 Octo 𝕏",
    "The " + "Extremely " * 14 + "Long Names",
    "Beyond, The Comma",
    "Null",
    "Группа «Пример»",
    "فرقة المثال",
    "!!!?",
    "José Ñandú",
    "a",
)
"""Artists of the same kind."""


def _spaced(word: str) -> str:
    return word.replace("_", " ")


def titles(dice: random.Random, language: str) -> Iterator[str]:
    """An endless run of titles in one of: en, fr, pt, de, ja. Titles may repeat, as real ones do."""
    local = {"fr": _FRENCH, "pt": _PORTUGUESE, "de": _GERMAN}
    while True:
        if language == "ja":
            yield dice.choice(_JAPANESE_FIRST) + dice.choice(_JAPANESE_LAST)
        elif language in local and dice.random() < 0.7:  # noqa: PLR2004
            base = _spaced(dice.choice(local[language]))
            yield dice.choice((base, base, f"{base} {dice.randint(2, 9)}", f"{base} ({dice.choice(_NOUNS)} Remix)"))
        elif dice.random() < 0.04:  # noqa: PLR2004
            yield _spaced(dice.choice(_CYRILLIC + _ARABIC))
        else:
            yield dice.choice(
                (
                    f"{dice.choice(_ADJECTIVES)} {dice.choice(_NOUNS)}",
                    f"{dice.choice(_ADJECTIVES)} {dice.choice(_NOUNS)}",
                    f"{_spaced(dice.choice(_VERBS))} {_spaced(dice.choice(_OBJECTS))}",
                    f"{dice.choice(_NOUNS)} in {dice.choice(('May', 'Berlin', 'Reverse', 'D Minor', 'the Rain'))}",
                    dice.choice(_NOUNS),
                )
            )


def artists(dice: random.Random) -> Iterator[str]:
    """An endless run of Western artist names."""
    while True:
        yield dice.choice(
            (
                f"{dice.choice(_FIRST)} {dice.choice(_LAST)}",
                f"{dice.choice(_FIRST)} {dice.choice(_LAST)}",
                f"The {dice.choice(_ADJECTIVES)} {dice.choice(_BANDS)}",
                f"DJ {dice.choice(_LAST)}",
                f"{dice.choice(_FIRST)}{dice.choice(('', 'x', ' 9', '.wav'))}",
            )
        )


def japanese_artists() -> tuple[str, ...]:
    """Artists of the Japanese chart."""
    return tuple(_JAPANESE_ARTISTS)
