"""Read and write schedules of both forms; only SSIM begins with a digit."""

from application.inventory.season_files import FileForm, SeasonFile
from domain.inventory.season import LineError, Season
from infrastructure.schedule_files import season_csv, ssim_reader, ssim_writer

# A season of ten thousand departures has some hundred thousand bytes.
SIZE_LIMIT = 4 * 1024 * 1024


def read_season(text: str) -> SeasonFile:
    """Return the season of a file, or all its errors."""
    if len(text) > SIZE_LIMIT:
        return SeasonFile(None, errors=(LineError(1, "line", "file_too_large"),))
    if text.startswith("1"):
        return ssim_reader.read(text)
    return season_csv.read(text)


def write_season(season: Season, form: FileForm) -> str:
    """Return the file of a season with at least one leg; reading it returns the season."""
    assert season.legs, "a file has legs"
    return ssim_writer.write(season) if form == "ssim" else season_csv.write(season)
