"""basic_auth_users: who is let in, what it costs to be turned away, and whom that holds up."""

import base64
import concurrent.futures
import http.client
import itertools
import os
import statistics
import threading

import pytest

from support import kernel, web
from support.waiting import wait_for
from support.web_config import MARK, Client, basic, bcrypt, write

PASSWORD = MARK + " open"
# One check takes tens of milliseconds: it dwarfs what a request costs otherwise. Not 10, which is
# what exporters take for those whom they do not know.
DEAR = 11


@pytest.fixture
def start(start_safe_exporter, tmp_path):
    """An exporter with these users; its own requests come from the first of them."""
    def with_users(users, *arguments, password=PASSWORD, **kwargs):
        flag = write(tmp_path / "web.yml", basic_auth_users=users)
        return start_safe_exporter(flag, *arguments, user=next(iter(users)), password=password,
                                   **kwargs)
    return with_users


@pytest.fixture(scope="module")
def exporter(start_shared_safe_exporter, tmp_path_factory):
    path = tmp_path_factory.mktemp("auth") / "web.yml"
    flag = write(path, basic_auth_users={"ann": bcrypt(PASSWORD), "bob": bcrypt(PASSWORD + "2")})
    return start_shared_safe_exporter(flag, user="ann", password=PASSWORD)


def authorized(exporter, value, path="/metrics"):
    """The answer to whoever sends this Authorization header, or none."""
    return web.request(exporter.url, path, headers={} if value is None else
                       {"Authorization": value})


def test_right(exporter):
    assert exporter.scrape().has("memleak_process_info", pid="310")
    assert authorized(exporter, basic("bob", PASSWORD + "2")).status == 200


WRONG = {
    "nobody": None,
    "a wrong password": basic("ann", MARK),
    "no password": basic("ann", ""),
    "another's password": basic("ann", PASSWORD + "2"),
    "a longer password": basic("ann", PASSWORD + "x"),
    "a shorter password": basic("ann", PASSWORD[:-1]),
    "another case": basic("ann", PASSWORD.upper()),
    "an end in the middle": basic("ann", PASSWORD + "\0x"),
    "an end in the name": basic("ann\0x", PASSWORD),
    "an unknown user": basic("eve", PASSWORD),
    "another case of a user": basic("Ann", PASSWORD),
    "a longer user": basic("annn", PASSWORD),
    "no user": basic("", PASSWORD),
    "the hash itself": basic("ann", bcrypt(PASSWORD)),
    "no colon": "Basic " + base64.b64encode(b"ann").decode(),
    "no base64": "Basic ann:" + PASSWORD,
    "half of a base64": basic("ann", PASSWORD)[:-5],
    "base64 with a tail": basic("ann", PASSWORD) + "!",
    "base64 twice": basic("ann", PASSWORD) + " " + basic("ann", PASSWORD)[6:],
    "no credentials": "Basic",
    "blanks": "Basic    ",
    "empty": "",
    "another scheme": "Bearer " + basic("ann", PASSWORD)[6:],
    "no scheme": basic("ann", PASSWORD)[6:],
    "a scheme that begins alike": "Basics " + basic("ann", PASSWORD)[6:],
    "bytes": "Basic " + base64.b64encode(bytes(range(256))).decode(),
    "a very long one": basic("ann", "x" * 5000),
    "a very long user": basic("x" * 5000, "x"),
}


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG.keys())
def test_wrong(exporter, value):
    answer = authorized(exporter, value)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert b"memleak_" not in answer.body
    assert exporter.get().status == 200


@pytest.mark.parametrize("scheme", ["basic", "BASIC", "bAsIc"])
def test_case_of_the_scheme(exporter, scheme):
    """RFC 9110, section 11.1."""
    assert authorized(exporter, scheme + basic("ann", PASSWORD)[5:]).status == 200


def test_two_answers_to_one_question(exporter):
    """A right header beside a wrong one is not right."""
    with web.connect(exporter.url) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                           b"Authorization: %s\r\nAuthorization: %s\r\n\r\n" % (
                               basic("eve", MARK).encode(), basic("ann", PASSWORD).encode()))
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.split()[1] in (b"400", b"401"), answer[:100]


@pytest.mark.parametrize("path", ["/", "/metrics", "/metrics?collect[]=group", "/-/healthy",
                                  "/-/ready", "/nothing", "/api/v1/processes", "/%2e%2e/metrics",
                                  "//metrics", "/metrics/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_every_path_and_method(exporter, path, method):
    for value in (None, basic("ann", MARK), basic("eve", PASSWORD)):
        headers = {} if value is None else {"Authorization": value}
        answer = web.request(exporter.url, path, method, headers)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Basic")
    assert exporter.get(path, method).status not in (401, 403)


def test_a_connection_is_not_a_login(exporter):
    """Each request on a kept-alive connection tells who it is."""
    connection = web.open_connection(exporter.url)
    try:
        for value, status in ((basic("ann", PASSWORD), 200), (None, 401),
                              (basic("ann", PASSWORD), 200), (basic("ann", MARK), 401)):
            connection.request("GET", "/-/ready", headers={"Authorization": value} if value else {})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
    finally:
        connection.close()


NAMES = ["jürgen", "a b", "o'hara", 'say "x"', "back\\slash", "50%", "%61nn", "{curly}", "a,b=c",
         "名前", "*", "-", "~", "x" * 200]


def test_names_of_users(start):
    exporter = start({name: bcrypt(PASSWORD + name[:3]) for name in NAMES},
                     password=PASSWORD + NAMES[0][:3])
    for name in NAMES:
        assert authorized(exporter, basic(name, PASSWORD + name[:3])).status == 200, name
        assert authorized(exporter, basic(name, PASSWORD)).status == 401, name
    assert authorized(exporter, basic("ann", PASSWORD + "%61")).status == 401


PASSWORDS = [MARK, MARK + ":colon:", MARK + " ümläut 密", MARK + "\ttab", "x" * 66 + MARK]


@pytest.mark.parametrize("prefix", ["2a", "2b", "2y"])
def test_kinds_of_hashes(start, prefix):
    users = {f"user{i}": bcrypt(password, prefix=prefix) for i, password in enumerate(PASSWORDS)}
    exporter = start(users, password=PASSWORDS[0])
    for i, password in enumerate(PASSWORDS):
        assert authorized(exporter, basic(f"user{i}", password)).status == 200, password
        assert authorized(exporter, basic(f"user{i}", password[:-1])).status == 401, password


def cpu_seconds_of(exporter, work):
    before = kernel.Stat(exporter.pid).cpu_seconds
    work()
    return kernel.Stat(exporter.pid).cpu_seconds - before


@pytest.mark.once
def test_what_a_refusal_costs(start):
    """A wrong password costs what an uncached right one does, an unknown user the same; what was
    right once costs next to nothing. Nobody learns from the time it takes who has an account."""
    users = {f"user{i}": bcrypt(PASSWORD, DEAR) for i in range(11)}
    exporter = start(users)
    others = list(users)[1:]

    def ask(credentials, status):
        def work():
            for user, password in credentials:
                assert authorized(exporter, basic(user, password), "/-/ready").status == status
        return cpu_seconds_of(exporter, work)

    costs = {
        "right": ask([(user, PASSWORD) for user in others], 200),
        "wrong": ask([(user, MARK) for user in others], 401),
        "wrong, another each": ask([(others[0], f"{MARK}{i}") for i in range(10)], 401),
        "unknown": ask([(f"nobody{i}", PASSWORD) for i in range(10)], 401),
        "unknown, the same name": ask([("nobody", f"{MARK}{i}") for i in range(10)], 401),
        "no name": ask([("", f"{MARK}{i}") for i in range(10)], 401),
        "empty password": ask([(user, "") for user in others], 401),
    }
    print(costs)
    for why, cost in costs.items():
        assert 0.5 < cost / costs["right"] < 2, (why, costs)
    cached = ask([(user, PASSWORD) for user in others], 200)
    assert cached < costs["right"] / 5, (cached, costs)


def test_who_does_not_even_try_costs_nothing(start):
    """A browser's first request, a scanner: no password, no check."""
    exporter = start({"ann": bcrypt(PASSWORD, DEAR)})
    one = cpu_seconds_of(exporter, lambda: authorized(exporter, basic("ann", MARK)))
    none = cpu_seconds_of(exporter, lambda: [authorized(exporter, None) for _ in range(20)])
    assert none < 10 * one, (none, one)


class Flood:
    """Wrong passwords from many threads and addresses, each another one, until the test has seen
    enough. Who is told to come later does."""

    def __init__(self, exporter, clients, user="ann"):
        self.refused, self.put_off, self.others = 0, 0, []
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(exporter, user, i))
                         for i in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, exporter, user, number):
        for i in itertools.count():
            if self._stop.is_set():
                return
            # All of 127.0.0.0/8 is this host.
            connection = http.client.HTTPConnection(
                *web.address_of(exporter.url), timeout=60,
                source_address=(f"127.0.0.{number % 250 + 2}", 0))
            try:
                connection.request("GET", "/metrics", headers={
                    "Authorization": basic(user, f"{MARK} {number} {i}")})
                status = connection.getresponse().status
            except OSError as error:
                status = repr(error)
            finally:
                connection.close()
            with self._lock:
                self.refused += status == 401
                self.put_off += status in (429, 503)
                if status not in (401, 429, 503):
                    self.others.append(status)
            if status != 401:
                self._stop.wait(1)


def threads_that_want_to_run(pid):
    count = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            count += kernel.Stat(thread, f"/proc/{pid}/task").state == "R"
        except FileNotFoundError:
            continue
    return count


@pytest.mark.parametrize("clients, arguments", [
    (50, []), (230, ["--web.max-requests=1"])], ids=["a flood", "more guesses than workers"])
def test_one_check_at_a_time_and_scrapes_go_on(start, clients, arguments):
    """However many guess: one processor at most is theirs, and who is known is served meanwhile.
    With --web.max-requests=1 there are 177 workers; they must not all wait for a check."""
    exporter = start({"ann": bcrypt(PASSWORD, DEAR)}, *arguments)
    assert exporter.get().status == 200  # from here on it is cached
    wanting, checks = [], []
    with Flood(exporter, clients) as flood:
        wait_for("the flood", lambda: flood.refused >= 3)
        for _ in range(7):
            before = flood.refused
            exporter.scrape()
            checks.append(flood.refused - before)
            wanting += [threads_that_want_to_run(exporter.pid) for _ in range(5)]
        before = flood.refused
        wait_for("the flood to be still there", lambda: flood.refused > before)
    print(f"checks done during each scrape: {checks}, threads that want to run: {wanting}, "
          f"{flood.refused} refused, {flood.put_off} put off")
    assert not flood.others
    # A scrape that took its place in the queue would have seen all before it go.
    assert statistics.median(checks) <= 4, checks
    # Whoever has been let in to a processor counts, and whoever waits for one, too.
    assert statistics.median(wanting) <= 3, wanting


def test_a_right_password_during_a_flood(start):
    """One that is not known yet gets its turn: one address alone cannot keep others out."""
    exporter = start({"ann": bcrypt(PASSWORD, DEAR), "bob": bcrypt(PASSWORD, DEAR)})

    class OneAddress(Flood):
        def _ask(self, exporter, user, number):
            super()._ask(exporter, user, 0)

    with OneAddress(exporter, 50) as flood:
        wait_for("the flood", lambda: flood.refused >= 3)
        assert authorized(exporter, basic("bob", PASSWORD)).status == 200


def test_guesses_do_not_push_out_who_is_known(start):
    """Hundreds of wrong passwords later a right one is still cached."""
    exporter = start({"dear": bcrypt(PASSWORD, DEAR), "cheap": bcrypt(PASSWORD)})
    uncached = cpu_seconds_of(exporter, lambda: authorized(exporter, basic("dear", MARK)))
    for i in range(20):
        assert authorized(exporter, basic("cheap", f"{MARK} {i}")).status == 401
    cached = cpu_seconds_of(exporter, lambda: [exporter.get("/-/ready") for _ in range(5)])
    assert cached < uncached, (cached, uncached)


def test_right_ones_that_come_all_at_once(start):
    """A cold start with many scrapers of one account: all are let in."""
    exporter = start({"ann": bcrypt(PASSWORD), "bob": bcrypt(PASSWORD, DEAR)})
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(
            lambda _: authorized(exporter, basic("bob", PASSWORD), "/-/ready").status, range(20)))
    assert set(statuses) == {200}


def test_a_client_without_auth_where_none_is_asked_for(start_safe_exporter, tmp_path):
    exporter = start_safe_exporter(write(tmp_path / "web.yml", basic_auth_users={}))
    assert exporter.get().status == 200
    assert Client(None, "ann", PASSWORD)(exporter.url).status == 200
