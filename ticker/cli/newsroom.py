"""An invented newsroom for the demo: one night in the harbour town of Marrowgate, in three languages.

Nothing here happened. The dispatches repeat for ever; some are corrected, and a wrong one is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from typing import Final, NamedTuple

import httpx

from ticker.client import AsyncClient, ClientError, Urgency

EDITIONS: Final = {
    "breaking": ("Breaking news", "en"),
    "ar": ("عاجل", "ar"),
    "es": ("Última hora", "es"),
}
"""Feed → title and language."""

PACE: Final = 4.0
"""Seconds between dispatches, on average."""


class Scripted(NamedTuple):
    """A dispatch in three languages, with its correction or kill two dispatches later."""

    source: tuple[str, str, str]
    text: tuple[str, str, str]
    urgency: Urgency = "normal"
    section: tuple[str, str, str] = ("Harbour fire", "حريق الميناء", "Incendio del puerto")
    corrected: tuple[str, str, str] | None = None
    killed: tuple[str, str, str] | None = None


_DEFENCE = ("Civil Defence spokesman", "المتحدث باسم الدفاع المدني", "Portavoz de Defensa Civil")
_HARBOUR = ("Marrowgate harbour master", "مدير ميناء مارُوغيت", "Capitanía del puerto de Marrowgate")
_MAYOR = ("Mayor Ines Okafor", "رئيسة البلدية إيناس أوكافور", "Alcaldesa Inés Okafor")
_HOSPITAL = ("St Brannoc Hospital", "مستشفى سانت برانوك", "Hospital San Brannoc")
_WEATHER = ("National Weather Office", "المكتب الوطني للأرصاد", "Oficina Nacional de Meteorología")
_REPORTER = ("Our correspondent", "مراسلنا", "Nuestra corresponsal")

SCRIPT: Final = (
    Scripted(
        _HARBOUR,
        (
            "Fire at fuel depot on Pier 7; harbour closed to all traffic",
            "حريق في مستودع الوقود على الرصيف 7 وإغلاق الميناء أمام الملاحة",
            "Incendio en el depósito de combustible del muelle 7; puerto cerrado al tráfico",
        ),
        "bulletin",
    ),
    Scripted(
        _DEFENCE,
        (
            "Forty firefighters and two fireboats at the scene",
            "أربعون رجل إطفاء وزورقا إطفاء في موقع الحريق",
            "Cuarenta bomberos y dos barcos cisterna en el lugar",
        ),
        corrected=(
            "Sixty firefighters and three fireboats at the scene",
            "ستون رجل إطفاء وثلاثة زوارق إطفاء في موقع الحريق",
            "Sesenta bomberos y tres barcos cisterna en el lugar",
        ),
    ),
    Scripted(
        _WEATHER,
        (
            "Wind turning north-west at 30 km/h, away from the old town",
            "الرياح تتحول إلى شمالية غربية بسرعة 30 كم/س بعيدا عن البلدة القديمة",
            "El viento gira al noroeste a 30 km/h y se aleja del casco antiguo",
        ),
        section=("Weather", "الطقس", "Tiempo"),
    ),
    Scripted(
        _MAYOR,
        (
            "Residents of Quay Street asked to keep windows shut and stay indoors",
            "دعوة سكان شارع الرصيف إلى إغلاق النوافذ والبقاء في المنازل",
            "Se pide a los vecinos de la calle del Muelle que cierren ventanas y no salgan",
        ),
        "urgent",
    ),
    Scripted(
        _REPORTER,
        (
            "Second explosion heard near the grain terminal",
            "سماع دوي انفجار ثان قرب صومعة الحبوب",
            "Se oye una segunda explosión cerca de la terminal de grano",
        ),
        "urgent",
        killed=(
            "There was no second explosion; the sound was a ship's horn signal",
            "لم يقع انفجار ثان، والصوت كان صافرة سفينة",
            "No hubo segunda explosión; el sonido fue la sirena de un buque",
        ),
    ),
    Scripted(
        _HOSPITAL,
        (
            "Eleven people treated for smoke, none in danger",
            "علاج أحد عشر شخصا من استنشاق الدخان ولا خطر على حياتهم",
            "Once personas atendidas por humo, ninguna grave",
        ),
    ),
    Scripted(
        _HARBOUR,
        (
            "Ferry MV Calloway diverted to Saltmere with 412 passengers",
            "تحويل العبارة MV Calloway إلى سولتمير وعلى متنها 412 راكبا",
            "El ferry MV Calloway, desviado a Saltmere con 412 pasajeros",
        ),
    ),
    Scripted(
        _DEFENCE,
        (
            "Fire contained; no longer spreading to neighbouring tanks",
            "السيطرة على الحريق ومنع امتداده إلى الخزانات المجاورة",
            "Incendio controlado; ya no se extiende a los tanques vecinos",
        ),
        "bulletin",
    ),
    Scripted(
        _MAYOR,
        (
            "Schools in the harbour district stay closed tomorrow",
            "إغلاق مدارس منطقة الميناء غدا",
            "Las escuelas del distrito portuario cierran mañana",
        ),
        section=("Education", "تعليم", "Educación"),
    ),
    Scripted(
        _HARBOUR,
        (
            "Harbour to reopen to fishing boats at 06:00",
            "إعادة فتح الميناء أمام قوارب الصيد الساعة 06:00",
            "El puerto reabrirá a los pesqueros a las 06:00",
        ),
    ),
)


class Newsroom:
    """Correspondents who file the same night over and over again."""

    def __init__(self, url: str, key: str) -> None:
        """`key` is an admin's: the newsroom opens its own feeds."""
        # What cannot be filed within ten seconds is lost: the night goes on.
        self._desk = AsyncClient(url, key, deadline=10.0)
        self._admin = httpx.AsyncClient(
            base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=10.0, trust_env=False
        )

    async def work(self) -> None:
        """Open the editions, then file for ever. A correction or kill follows two dispatches later."""
        async with self._desk:
            async with self._admin:
                for name, (title, language) in EDITIONS.items():
                    # Refused if it is open already, which is fine.
                    with contextlib.suppress(httpx.HTTPError):
                        await self._admin.post("/v1/feeds", json={"name": name, "title": title, "language": language})
            filed: list[tuple[Scripted, dict[str, str]]] = []
            for dispatch in itertools.cycle(SCRIPT):
                with contextlib.suppress(ClientError):
                    filed.append((dispatch, await self.file(dispatch)))
                await _pause()
                if len(filed) > 2:
                    earlier, ids = filed.pop(0)
                    if earlier.killed is not None or earlier.corrected is not None:
                        with contextlib.suppress(ClientError):
                            await self.follow_up(earlier, ids)
                        await _pause()

    async def file(self, dispatch: Scripted) -> dict[str, str]:
        """File a dispatch in every edition and return the ids."""
        ids = {}
        for index, feed in enumerate(EDITIONS):
            receipt = await self._desk.file(
                feed,
                dispatch.text[index],
                source=dispatch.source[index],
                urgency=dispatch.urgency,
                sections=[dispatch.section[index]],
                story="marrowgate-harbour",
            )
            ids[feed] = receipt["id"]
        return ids

    async def follow_up(self, dispatch: Scripted, ids: dict[str, str]) -> None:
        """Correct or kill a dispatch in every edition."""
        for index, (feed, id) in enumerate(ids.items()):
            if dispatch.killed is not None:
                await self._desk.kill(feed, id, dispatch.killed[index])
            elif dispatch.corrected is not None:
                await self._desk.correct(feed, id, text=dispatch.corrected[index])


async def _pause() -> None:
    await asyncio.sleep(random.uniform(0.5, 1.5) * PACE)  # noqa: S311  # pace, not secrecy
