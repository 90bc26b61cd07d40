import pytest

from vivavoce.tools.code.memory_files import (
    NODE_BYTES,
    Errno,
    File,
    FileError,
    Folder,
    MemoryFiles,
)

NOW = 1_000


def tree(max_bytes: int = 100_000) -> MemoryFiles:
    return MemoryFiles(max_bytes, NOW, ("/mnt/data", "/tmp"))


def file_in(files: MemoryFiles, name: str = "a") -> tuple[Folder, File]:
    folder = files.find(files.root, "tmp")
    assert isinstance(folder, Folder)
    return folder, files.add_file(folder, name, NOW)


def errno_of(error: pytest.ExceptionInfo[FileError]) -> int:
    return error.value.code


def test_a_path_is_found_with_dots_and_double_slashes() -> None:
    files = tree()
    _, file = file_in(files)
    assert files.find(files.root, "/mnt/data/../../tmp//./a") is file
    assert files.find(files.root, ".") is files.root


@pytest.mark.parametrize("path", ["..", "../etc/passwd", "mnt/../../etc", "/mnt/data/../../.."])
def test_no_path_leads_above_the_folder_it_starts_from(path: str) -> None:
    files = tree()
    with pytest.raises(FileError) as error:
        files.find(files.root, path)
    assert errno_of(error) == Errno.NOTCAPABLE


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("none", Errno.NOENT),
        ("none/a", Errno.NOENT),
        ("tmp/a/b", Errno.NOTDIR),
        ("tmp/" + "x" * 256, Errno.NAMETOOLONG),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(path: str, code: int) -> None:
    files = tree()
    file_in(files)
    with pytest.raises(FileError) as error:
        files.find(files.root, path)
    assert errno_of(error) == code


def test_bytes_are_written_anywhere_and_gaps_are_zeros() -> None:
    files = tree()
    _, file = file_in(files)
    files.write(file, 3, b"def", NOW + 1)
    files.write(file, 1, b"X", NOW + 2)
    assert bytes(file.data) == b"\0X\0def"
    assert file.changed_ns == NOW + 2


def test_more_than_the_limit_is_refused_and_changes_nothing() -> None:
    files = tree(10_000)
    _, file = file_in(files)
    with pytest.raises(FileError) as error:
        files.resize(file, 10_000, NOW)
    assert errno_of(error) == Errno.NOSPC
    assert not file.data


def test_room_comes_back_when_a_file_shrinks_or_goes() -> None:
    files = tree(10_000)
    folder, file = file_in(files)
    for _ in range(3):
        files.resize(file, 7_000, NOW)
        files.resize(file, 0, NOW)
    files.resize(file, 7_000, NOW)
    files.remove_file(folder, "a")
    _, other = file_in(files)
    files.resize(other, 7_000, NOW)
    assert len(other.data) == 7_000


def test_a_removed_file_takes_up_room_as_long_as_it_is_open() -> None:
    files = tree(10_000)
    folder, file = file_in(files)
    file.n_open = 1
    files.resize(file, 7_000, NOW)
    files.remove_file(folder, "a")
    _, other = file_in(files)
    with pytest.raises(FileError):
        files.resize(other, 7_000, NOW)
    files.close(file)
    files.resize(other, 7_000, NOW)


def test_empty_files_and_folders_count_too() -> None:
    files = tree(20 * NODE_BYTES)
    folder, _ = file_in(files)
    for number in range(16):
        files.add_folder(folder, f"d{number}", NOW)
    with pytest.raises(FileError) as error:
        files.add_folder(folder, "one more", NOW)
    assert errno_of(error) == Errno.NOSPC


def test_a_file_is_moved_over_another_one() -> None:
    files = tree()
    folder, file = file_in(files)
    file_in(files, "b")
    files.rename(folder, "a", files.root, "c")
    files.rename(files.root, "c", folder, "b")
    assert folder.entries == {"b": file}
    files.rename(folder, "b", folder, "b")
    assert folder.entries == {"b": file}


def test_a_folder_can_not_be_moved_into_itself() -> None:
    files = tree()
    data = files.find(files.root, "mnt/data")
    assert isinstance(data, Folder)
    with pytest.raises(FileError) as error:
        files.rename(files.root, "mnt", data, "mnt")
    assert errno_of(error) == Errno.PERM


def test_only_an_empty_folder_is_removed_and_only_a_file_unlinked() -> None:
    files = tree()
    folder, _ = file_in(files)
    refused = [
        (files.remove_folder, files.root, "tmp", Errno.NOTEMPTY),
        (files.remove_folder, folder, "a", Errno.NOTDIR),
        (files.remove_folder, folder, "none", Errno.NOENT),
        (files.remove_file, files.root, "tmp", Errno.ISDIR),
        (files.remove_file, folder, "none", Errno.NOENT),
    ]
    for remove, place, name, code in refused:
        with pytest.raises(FileError) as error:
            remove(place, name)
        assert errno_of(error) == code
    files.remove_file(folder, "a")
    files.remove_folder(files.root, "tmp")
    assert set(files.root.entries) == {"mnt"}
