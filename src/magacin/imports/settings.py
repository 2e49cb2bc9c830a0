"""Settings of the Import Service."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from magacin.contracts.identity import USERNAME_PATTERN
from magacin.core.settings import DatabaseSettings, RedisSettings, ServiceSettings


class ImportSettings(DatabaseSettings, RedisSettings, ServiceSettings):
    """All of it may be set as `MAGACIN_NAME` or `MAGACIN_NAME_FILE`."""

    port: int = Field(default=8003, ge=0, le=65535, description="TCP port to listen on.")
    import_dir: Path = Field(
        description="Folder of the files: incoming/ is watched, processed/ and failed/ keep what was there, "
        "spool/ holds what is being imported. All on one file system, shared by all replicas."
    )
    import_max_bytes: int = Field(
        default=128 << 20, ge=1, description="Largest file that is taken, in bytes."
    )
    import_max_rows: int = Field(default=2_000_000, ge=1, description="Most rows in a file, header excluded.")
    task_service_url: str = Field(
        default="http://127.0.0.1:8001", description="Where requisitions are sent, without a path."
    )
    import_folder_seconds: float = Field(
        default=2.0, gt=0, description="Pause between two looks into incoming/."
    )
    import_settle_seconds: float = Field(
        default=3.0, ge=0, description="A file that has not changed for so long is taken to be complete."
    )
    import_folder_partial: bool = Field(
        default=False, description="Import the good rows of a requisition of which another row is bad."
    )
    import_folder_release: bool = Field(
        default=False, description="Make a pick task of each requisition from incoming/ at once."
    )
    import_folder_replace: bool = Field(
        default=False,
        description="Give requisitions that were imported before the content of a file from incoming/, where "
        "nobody has picked of them.",
    )
    import_folder_user: str = Field(
        default="watched-folder",
        pattern=USERNAME_PATTERN,
        description="Whose imports those of the folder are.",
    )
    import_chunk_rows: int = Field(
        default=5_000, ge=1, le=100_000, description="Rows that are read and checked at a time."
    )
    import_reader_bytes: int = Field(
        default=512 << 20,
        ge=128 << 20,
        description="Memory that the process which reads a file may take. A file that needs more fails.",
    )
    import_reader_seconds: int = Field(
        default=240,
        ge=1,
        description="Processor time that reading a file may take, and the longest wait for its next rows. "
        "A file that needs more fails.",
    )
    import_batch_requisitions: int = Field(
        default=1_000, ge=1, le=1_000, description="Requisitions sent in one request, at most."
    )
    import_batch_lines: int = Field(
        default=10_000,
        ge=1,
        le=50_000,
        description="Lines sent in one request, unless one requisition has more.",
    )
    import_lease_seconds: float = Field(
        default=10.0,
        ge=0.5,
        description="A job whose process has not been heard of for so long is taken over.",
    )
