"""Language tags (BCP 47), and which way a language is written.

The browser's clients ask `Intl` for the script that a language is written in; Python has nothing like it, and the
packages for it know half as many languages. So the results of `Intl` are written down here: the likely subtags of
Unicode's CLDR, deprecated and overlong codes included (`iw`, `ara`). tests/golden/directions.json is read by the
tests of both.
"""

from __future__ import annotations

import re
from typing import Final, Literal

LONGEST: Final = 64
"""Characters of a tag. The longest that RFC 5646 (section 4.4.1) asks anybody to take has 35."""

PATTERN: Final = (
    r"[A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    r"(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-[A-WYZa-wyz0-9](-[A-Za-z0-9]{2,8})+)*(-[Xx](-[A-Za-z0-9]{1,8})+)?"
)
"""A `langtag` of RFC 5646 (section 2.1): language, script, region, variants, extensions, private use.

Languages of 4 to 8 letters are left out: none is registered, and what looks like one is a name ("english").
"""

_BEGINNING: Final = re.compile(
    r"([a-z]{2,3})(?:-[a-z]{3}){0,3}(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?(?![^-])", re.IGNORECASE | re.ASCII
)
"""Language, script and region; extended languages are left out, since `ar-arz` is written as `ar` is."""

_RTL_SCRIPTS: Final = frozenset(
    """
    adlm arab aran armi avst chrs cprt elym gara hatr hebr hung khar lydi mand mani mend merc mero narb nbat nkoo
    orkh palm phli phlp phnx prti rohg samr sarb sidt sogd sogo syrc syre syrj syrn thaa yezi
    """.split()  # noqa: SIM905  # a table is read more easily than a list
)
_RTL_LANGUAGES: Final = frozenset(
    """
    aao abh abv acm acq acw acx adf ae aeb aec aee aeq afb aib aii aij aiq ajp ajt aju amw apc apd ar ara arb arc
    arq ars ary arz ask atn auj auz avd ave avl ayh ayl ayn ayp azb bal bcc bdz bej bft bgn bgp bhe bhm bhn bjf bjm
    bqi brh brk bsh bsk chg cja ckb cld clh czk dcc def deh dgl div dmk dml drw dv ecy esh fa fas fay faz fia fub
    gbz ggg gha ghr gig gjk gju glh glk grr gwc gwf gwt gzi hac haz hbo he heb hkh hnd hno hoh hrt hrz hss huy isk
    itk iw jad jat jbe jbn jdg ji jnd jog jpa jpr jrb jye kas kbu kby kcy kfm khw klj kmz kqd ks ktl kvx kxp kzh lad
    lah lhs lki lrc lrk lrl lsa lsd lss luv luz mby mde mey mfa mfi mhj mid mki mnj mve mvy myz mzb mzn nli nlm nqo
    ntz nyq oar obm odk oru ota otk pal pbt pbu per pes pgd phl phn phr phv plk pmu pnb prc prd prs prx ps psh psi
    pst pus qxq rdb rhg rmt sam sbn scl sd sdb sdf sdg sdh sds sgl sgr sgy shd shm shu shv siy siz skr smp smy snd
    sog sqo sqt srh srz ssh sts swb syc syn syr tjo tks tmr tnf tov tra trg trm trw ug uig ur urd ush uzs vaf vgr
    vmh wbk wlo wne wni wsv xco xhe xka xkc xkj xkp xld xly xmn xmr xna xpr xsa xsd xvi ydd ydg yhd yi yid yih yud
    zba zdj zrp zum
    """.split()  # noqa: SIM905  # a table is read more easily than a list
)
_OTHER_WAY: Final = frozenset(
    """
    az-iq az-ir ha-cm ha-sd kk-af kk-cn kk-ir kk-mn ku-iq ku-ir ku-lb ky-cn ms-cc pa-pk sd-in tg-pk ug-kz ug-mn
    und-ae und-af und-bh und-cc und-dz und-eg und-eh und-il und-iq und-ir und-jo und-km und-kw und-lb und-ly und-ma
    und-mr und-mv und-nt und-om und-pk und-ps und-qa und-sa und-sd und-ss und-sy und-td und-tn und-yd und-ye uz-af
    """.split()  # noqa: SIM905  # a table is read more easily than a list
)
"""Languages that are written in another script, and so the other way, in some countries."""


def well_formed(tag: str) -> bool:
    """Return True if this is a language tag in the form that BCP 47 gives them (RFC 5646, section 2.2.9)."""
    return len(tag) <= LONGEST and re.fullmatch(PATTERN, tag) is not None


def direction(tag: str) -> Literal["ltr", "rtl"]:
    """Return the writing direction of a language: by the script in its tag, else by its language and region."""
    if not (found := _BEGINNING.match(tag.lower())):
        return "ltr"
    language, script, region = found.groups()
    if script:
        return "rtl" if script in _RTL_SCRIPTS else "ltr"
    elsewhere = f"{language}-{region}" in _OTHER_WAY
    return "rtl" if (language in _RTL_LANGUAGES) != elsewhere else "ltr"
