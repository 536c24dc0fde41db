"""Certificates and the web configuration are replaced while clients come and go."""

import ctypes
import os
import re
import shutil
import threading

import pytest

from support import tls, web
from support.tls import client_context
from support.waiting import DEADLINE_SECONDS, wait_for
from support.web_config import MARK, Client, bcrypt, replace, secure, tls_section, write

PASSWORD = MARK + " open"


@pytest.fixture(scope="session")
def context(authority):
    return client_context(authority)


class Files:
    """The certificate and key that a configuration names, and how they are replaced."""

    def __init__(self, directory):
        self.directory = directory
        self.cert, self.key = directory / "tls.crt", directory / "tls.key"

    def in_place(self, certificate):
        """`cp`: each file is empty for a moment, and the two do not match for another."""
        shutil.copyfile(certificate.cert, self.cert)
        shutil.copyfile(certificate.key, self.key)

    def key_first(self, certificate):
        shutil.copyfile(certificate.key, self.key)
        shutil.copyfile(certificate.cert, self.cert)

    def by_rename(self, certificate):
        replace(self.cert, certificate.cert.read_bytes())
        replace(self.key, certificate.key.read_bytes())

    def by_link(self, certificate):
        """As Kubernetes does it: tls.crt -> ..data/tls.crt, ..data -> a folder for each version.
        Dates say nothing: here every file is from 2001."""
        folder = self.directory / f"..{certificate.cert.stem}"
        if not folder.exists():
            folder.mkdir()
            for source, name in ((certificate.cert, "tls.crt"), (certificate.key, "tls.key")):
                shutil.copyfile(source, folder / name)
                os.utime(folder / name, (1e9, 1e9))
        new, data = self.directory / "..data_tmp", self.directory / "..data"
        new.symlink_to(folder.name)
        os.replace(new, data)
        for path in (self.cert, self.key):
            if not path.is_symlink():
                path.unlink(missing_ok=True)
                path.symlink_to(f"..data/{path.name}")

    WAYS = {"in place": in_place, "the key first": key_first, "by rename": by_rename,
            "by link": by_link}


@pytest.fixture
def files(tmp_path, server_certificate):
    (tmp_path / "mounted").mkdir()
    return Files(tmp_path / "mounted")


class Load:
    """Requests from many threads, half of them on connections that are kept alive."""

    def __init__(self, exporter, context, threads=8):
        self.failures, self.done, self._stop = [], 0, threading.Event()
        self._exporter, self._context, self._lock = exporter, context, threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(i,)) for i in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number):
        connection = None
        while not self._stop.is_set():
            try:
                if connection is None or number % 2:
                    if connection is not None:
                        connection.close()
                    connection = web.open_connection(self._exporter.url, context=self._context)
                connection.request("GET", ("/metrics", "/-/ready")[number % 4 < 2])
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200, answer.status
                with self._lock:
                    self.done += 1
            except Exception as error:  # whatever it is, a request failed
                self.failures.append(repr(error))
                return
        connection.close()

    def wait_for_more(self, count=50):
        target = self.done + count
        wait_for("further requests", lambda: self.failures or self.done >= target)
        assert not self.failures


def serves(exporter, context, certificate):
    return tls.served_certificate(exporter.url, context) == certificate.der


@pytest.mark.parametrize("way", Files.WAYS)
def test_rotation_under_load(start_safe_exporter, authority, context, files, tmp_path, way):
    """Not one request fails, and soon the new certificate is served; twice, and back."""
    install = Files.WAYS[way]
    certificates = [authority.issue(f"number {i}") for i in range(3)]
    certificates.append(certificates[0])
    install(files, certificates[0])
    exporter = start_safe_exporter(secure(tmp_path / "web.yml", files), context=context)
    assert serves(exporter, context, certificates[0])
    with Load(exporter, context) as load:
        for certificate in certificates[1:]:
            load.wait_for_more()
            install(files, certificate)
            wait_for("the new certificate",
                     lambda: load.failures or serves(exporter, context, certificate))
        load.wait_for_more()
    assert not load.failures
    # Between two files of one replacement they may be seen apart; that is worth a line, not more.
    assert exporter.log().count("level=error") <= len(certificates)


def test_rotation_to_other_files_and_another_kind_of_key(start_safe_exporter, authority, context,
                                                         tmp_path):
    path = tmp_path / "web.yml"
    first, second = authority.issue(key="ec"), authority.issue(key="rsa")
    exporter = start_safe_exporter(secure(path, first), context=context)
    with Load(exporter, context) as load:
        for certificate in (second, first, second):
            load.wait_for_more()
            secure(path, certificate)
            wait_for("the new certificate",
                     lambda: load.failures or serves(exporter, context, certificate))
        load.wait_for_more()
    assert not load.failures
    assert "level=error" not in exporter.log()


class Looks:
    """Waits until a file has been opened again and again (inotify(7)): by the exporter, which looks
    whether something has changed."""

    IN_OPEN = 0x20

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self._queue = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._queue >= 0
        assert libc.inotify_add_watch(self._queue, os.fsencode(path), self.IN_OPEN) >= 0

    def wait_for_more(self, count=2):
        seen = []

        def enough():
            try:
                # One event without a name is 16 bytes; like ones that follow each other are one.
                seen.append(os.read(self._queue, 4096))
            except BlockingIOError:
                pass
            return len(seen) >= count

        wait_for("further looks at the file", enough)

    def close(self):
        os.close(self._queue)


def looked_at_again(path):
    looks = Looks(path)
    try:
        looks.wait_for_more()
    finally:
        looks.close()


def errors(exporter):
    return [line for line in exporter.log().splitlines() if "level=error" in line]


def one_more_error(exporter, before, *named):
    """Waits for the one line that says what is wrong, and that it stays the only one."""
    line = wait_for("an error line", lambda: errors(exporter)[before:])[0]
    for words in named:
        assert words in line, line
    return line


BROKEN = {
    "garbage": lambda files, old, new: files.cert.write_text("no certificate"),
    "empty": lambda files, old, new: files.cert.write_text(""),
    "cut short": lambda files, old, new: files.cert.write_text(new.cert.read_text()[:300]),
    "gone": lambda files, old, new: files.cert.unlink(),
    "another's": lambda files, old, new: shutil.copyfile(new.cert, files.cert),
    "a folder": lambda files, old, new: (files.cert.unlink(), files.cert.mkdir()),
}


@pytest.mark.parametrize("break_it", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_certificate(start_safe_exporter, authority, context, files, tmp_path, break_it):
    """The old one stays, one line says why, and when it is mended the new one is served."""
    old, new = authority.issue("old"), authority.issue("new")
    files.by_rename(old)
    exporter = start_safe_exporter(secure(tmp_path / "web.yml", files), context=context)
    break_it(files, old, new)
    one_more_error(exporter, 0, str(files.directory))
    looked_at_again(tmp_path / "web.yml")
    said = len(errors(exporter))
    assert said <= 2, "one, or two where breaking it took two steps"
    for _ in range(100):
        assert exporter.get("/-/ready").status == 200
    assert serves(exporter, context, old)
    looked_at_again(tmp_path / "web.yml")
    assert len(errors(exporter)) == said, "neither a request nor a look is worth another line"
    if files.cert.is_dir():
        files.cert.rmdir()
    files.by_rename(new)
    wait_for("the new certificate", lambda: serves(exporter, context, new))
    # Broken once more is worth another line.
    before = len(errors(exporter))
    files.key.write_text("no key")
    one_more_error(exporter, before, str(files.directory))
    assert serves(exporter, context, new)


def test_a_broken_configuration(start_safe_exporter, authority, context, tmp_path):
    """What was right before goes on: certificate, users, everything."""
    path = tmp_path / "web.yml"
    old, new = authority.issue("old"), authority.issue("new")
    users = {"ann": bcrypt(PASSWORD)}
    flag = write(path, tls_server_config=tls_section(old), basic_auth_users=users)
    exporter = start_safe_exporter(flag, context=context, user="ann", password=PASSWORD)
    stranger = Client(context)
    breaks = {
        "an unknown key": (b"tls_server_config:\n  cert_fil: x\n", f"{path}:2: "),
        "no YAML": (b"a: [\n", f"{path}:"),
        "nothing in it": (b"", str(path)),  # TLS cannot be switched off, nor may users vanish
        "a password that is no hash": (b"basic_auth_users:\n  ann: " + MARK.encode() + b"\n",
                                       f"{path}:2: "),
        "TLS switched off": (f"basic_auth_users:\n  ann: '{users['ann']}'\n".encode(), str(path)),
    }
    for i, (why, (content, named)) in enumerate(breaks.items()):
        replace(path, content)
        one_more_error(exporter, i, named)
        looked_at_again(path)
        assert len(errors(exporter)) == i + 1, (why, errors(exporter))
        assert exporter.get().status == 200, why
        assert stranger(exporter.url).status == 401, why
        assert serves(exporter, context, old), why
    os.unlink(path)
    one_more_error(exporter, len(breaks), str(path))
    for _ in range(50):
        assert exporter.get().status == 200
    assert len(errors(exporter)) == len(breaks) + 1, errors(exporter)
    write(path, tls_server_config=tls_section(new), basic_auth_users=users)
    wait_for("the new certificate", lambda: serves(exporter, context, new))
    assert exporter.get().status == 200


def test_tls_cannot_be_switched_on_while_it_runs(start_safe_exporter, server_certificate, tmp_path):
    """Said once, and not served in between."""
    path = tmp_path / "web.yml"
    exporter = start_safe_exporter(write(path, http_server_config={"http2": True}))
    secure(path, server_certificate)
    one_more_error(exporter, 0, str(path))
    assert exporter.get().status == 200


def test_users_come_and_go(start_safe_exporter, tmp_path):
    """A cached yes does not outlive its user or its hash."""
    path = tmp_path / "web.yml"
    flag = write(path, basic_auth_users={"ann": bcrypt(PASSWORD), "bob": bcrypt(PASSWORD)})
    exporter = start_safe_exporter(flag, user="bob", password=PASSWORD)
    ann, renewed = Client(None, "ann", PASSWORD), Client(None, "ann", PASSWORD + "2")
    assert ann(exporter.url).status == 200
    assert renewed(exporter.url).status == 401
    write(path, basic_auth_users={"ann": bcrypt(PASSWORD + "2"), "bob": bcrypt(PASSWORD)})
    wait_for("the new password", lambda: renewed(exporter.url).status == 200)
    assert ann(exporter.url).status == 401
    write(path, basic_auth_users={"bob": bcrypt(PASSWORD)})
    wait_for("ann to be gone", lambda: renewed(exporter.url).status == 401)
    assert exporter.get().status == 200


def test_headers_that_change(start_safe_exporter, server_certificate, context, tmp_path):
    path = tmp_path / "web.yml"
    exporter = start_safe_exporter(secure(path, server_certificate), context=context)
    assert "strict-transport-security" not in exporter.get().headers
    for age in ("max-age=1", "max-age=2"):
        write(path, tls_server_config=tls_section(server_certificate),
              http_server_config={"headers": {"Strict-Transport-Security": age}})
        wait_for("the header", lambda: age == exporter.get("/-/ready").headers.get(
            "strict-transport-security"))


def test_a_configuration_that_is_a_link(start_safe_exporter, authority, context, tmp_path):
    """A ConfigMap and a Secret, both mounted."""
    first, second = authority.issue("first"), authority.issue("second")
    for name, certificate in (("..1", first), ("..2", second)):
        (tmp_path / name).mkdir()
        for source, target in ((certificate.cert, "tls.crt"), (certificate.key, "tls.key")):
            shutil.copyfile(source, tmp_path / name / target)
        # Of one size and date: the folder is all that differs.
        (tmp_path / name / "web.yml").write_text(
            "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n")
        os.utime(tmp_path / name / "web.yml", (1e9, 1e9))
    (tmp_path / "..data").symlink_to("..1")
    for name in ("web.yml", "tls.crt", "tls.key"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    exporter = start_safe_exporter(f"--web.config.file={tmp_path}/web.yml", context=context)
    assert serves(exporter, context, first)
    (tmp_path / "..data_tmp").symlink_to("..2")
    os.replace(tmp_path / "..data_tmp", tmp_path / "..data")
    wait_for("the second certificate", lambda: serves(exporter, context, second))
    assert not errors(exporter)
    assert len(re.findall("listening", exporter.log())) == 1


def test_descriptors_do_not_add_up(start_safe_exporter, authority, context, files, tmp_path):
    """Ten replacements leave nothing behind."""
    certificates = [authority.issue("a"), authority.issue("b")]
    files.by_rename(certificates[0])
    exporter = start_safe_exporter(secure(tmp_path / "web.yml", files), context=context)

    def descriptors():
        return len(os.listdir(f"/proc/{exporter.pid}/fd"))

    wait_for("the first connections to be gone", lambda: descriptors() < 40)
    before = descriptors()
    for i in range(10):
        files.by_rename(certificates[(i + 1) % 2])
        wait_for("the certificate", lambda: serves(exporter, context, certificates[(i + 1) % 2]),
                 deadline=DEADLINE_SECONDS, interval=0.2)
    wait_for("descriptors to be as many as before", lambda: descriptors() <= before + 1)
