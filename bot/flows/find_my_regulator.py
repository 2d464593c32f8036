"""Name the local regulator (CUPA) of a place where a page of its own does (003); else the public directory."""

from bot.dialogue.dates import written
from bot.dialogue.flow import flow
from bot.dialogue.questions import Choice, Somewhere
from bot.dialogue.talk import Talk
from knowledge.directory import Agency
from knowledge.places import Place


@flow("find_my_regulator")
def find_my_regulator(talk: Talk) -> None:
    """Ask where; ask again where several places may be meant, or a city may differ from its county; then tell."""
    language = talk.language
    answer = talk.ask("place", Somewhere(named=language.places_named, meant=language.places_meant))
    places = [Place.of(each) for each in answer.splitlines()]
    place = places[0]
    if len(places) > 1:
        labels = tuple(_called(talk, each) for each in places)
        place = Place.of(talk.ask("which", Choice(tuple(each.id for each in places), labels)))
    apart = language.directory.apart(place.county) if place.kind == "county" else ()
    if apart:
        labels = (*(each.name for each in apart), talk.wording("elsewhere"))
        options = (*(each.id for each in apart), "elsewhere")
        city = talk.ask("city", Choice(options, labels), county=_called(talk, place))
        place = place if city == "elsewhere" else Place.of(city)
    _tell(talk, place)


def _tell(talk: Talk, place: Place) -> None:
    """Say which agency is responsible, and whence that is known; or where to look it up."""
    directory, called = talk.language.directory, _called(talk, place)
    county = _called(talk, Place("county", place.county, place.county))
    own, agency = directory.of_city(place), directory.of_county(place)
    if own is not None:
        talk.say("agency", place=called, agency=own.name)
        _contact(talk, own)
    elif agency is None:
        talk.say("look_up", place=called, county=county)
    elif agency.serves and place.kind != "county" and place.name not in agency.serves:
        talk.say("other_places", place=called, county=county, agency=agency.name)
        talk.say("look_up", place=called, county=county)
    else:
        is_named = place.kind == "county" or place.name in agency.serves
        talk.say("agency" if is_named else "in_county", place=called, county=county, agency=agency.name)
        if agency.serves and place.kind == "county":
            talk.say("serves", places=", ".join(agency.serves))
        _contact(talk, agency)


def _contact(talk: Talk, agency: Agency) -> None:
    """Say how the agency is reached, as far as its page tells, and which page that is."""
    if agency.telephone:
        talk.say("telephone", telephone=agency.telephone)
    if agency.email:
        talk.say("email", email=agency.email)
    if agency.address:
        talk.say("address", address=agency.address)
    talk.say("read", source=agency.source, read=written(talk.language, agency.read))


def _called(talk: Talk, place: Place) -> str:
    """Return a place as people call it; a county says that it is one."""
    return talk.wording("county", name=place.name) if place.kind == "county" else place.name
