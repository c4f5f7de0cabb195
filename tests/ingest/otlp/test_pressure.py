"""Many requests at once, more than there is room for, and requests that spoil the load they share."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psycopg
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from cauce.errors import SkippableError
from ingest.otlp import app, gather
from tests.ingest.inputs import rows
from tests.ingest.otlp.receiving import (
    AUTHORISED,
    TOKEN,
    Receiver,
    held_up,
    loaded,
    post,
    request,
    run_an_application,
    span,
)


def loads(db):
    return rows(db, "SELECT loaded FROM ingest_batches ORDER BY started_at")


def test_requests_that_wait_share_a_load_and_each_is_told_of_its_own_spans(people_db, receiver):
    with ThreadPoolExecutor(9) as pool:
        with held_up(people_db) as wait_until_one_waits:
            first = pool.submit(receiver.post, request(span(100)))
            wait_until_one_waits()
            before = receiver.accepted
            sent = [pool.submit(receiver.post, request(span(n), span(n, spanId="x"))) for n in range(1, 5)]
            good = [pool.submit(receiver.post, request(span(n))) for n in range(5, 9)]
            receiver.wait_for(before + 8)
            assert not first.done()
            assert not any(future.done() for future in sent + good)
        assert first.result().json() == {}
        rejected = [future.result().json()["partialSuccess"]["rejectedSpans"] for future in sent]
        assert rejected == ["1"] * 4
        assert [future.result().json() for future in good] == [{}] * 4
    assert loads(people_db)[-2:] == [1, 8]
    assert loaded(people_db, *range(1, 101)) == [*range(1, 9), 100]


def test_more_than_there_is_room_for_is_sent_away_for_now_and_what_was_accepted_is_loaded(people_db):
    with Receiver(people_db, otlp_queue_bytes=3 * gather.LEAST_SHARE) as receiver, ThreadPoolExecutor(3) as pool:
        with held_up(people_db):
            accepted = [pool.submit(receiver.post, request(span(n))) for n in (201, 202, 203)]
            receiver.wait_for(3)
            for _ in range(2):
                answer = receiver.post(request(span(209)))
                assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "2", 14)
        assert [future.result().status_code for future in accepted] == [200] * 3
        assert receiver.post(request(span(209))).status_code == 200
    assert loaded(people_db, *range(200, 210)) == [201, 202, 203, 209]


def test_an_exporter_that_is_sent_away_for_now_comes_again(people_db, monkeypatch):
    monkeypatch.setattr(gather, "_FULL_SECONDS", 1)
    with Receiver(people_db, otlp_queue_bytes=gather.LEAST_SHARE) as receiver, ThreadPoolExecutor(2) as pool:
        with held_up(people_db):
            accepted = pool.submit(receiver.post, request(span(221)))
            receiver.wait_for(1)
            exporter = OTLPSpanExporter(endpoint=f"{receiver.address}/v1/traces", headers=AUTHORISED)
            exported = pool.submit(run_an_application, "patient", exporter)
            time.sleep(0.3)
        assert accepted.result().status_code == 200
        exported.result()
    agents = "SELECT a.slug FROM usage_logs l JOIN agents a ON a.id = l.agent_id WHERE a.slug = 'patient'"
    assert rows(people_db, agents) == ["patient"] * 2


def test_who_hangs_up_before_the_load_is_left_out_and_can_come_again(people_db, receiver):
    with ThreadPoolExecutor(1) as pool:
        with held_up(people_db) as wait_until_one_waits:
            first = pool.submit(receiver.post, request(span(231)))
            wait_until_one_waits()
            with pytest.raises(httpx2.ReadTimeout):
                post(receiver.address, request(span(232)), TOKEN, timeout=0.2)
        assert first.result().status_code == 200
    assert receiver.post(request(span(233))).status_code == 200
    assert loaded(people_db, 231, 232, 233) == [231, 233]
    assert receiver.post(request(span(232))).status_code == 200
    assert loaded(people_db, 232) == [232]


def test_a_body_that_does_not_arrive_is_not_waited_for(people_db, receiver, monkeypatch):
    monkeypatch.setattr(app, "READ_SECONDS", 0.2)
    host, port = receiver.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST /v1/traces HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n"
        connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        assert connection.recv(12) == b"HTTP/1.1 408"


def test_one_request_alone_always_fits(people_db):
    with Receiver(people_db, otlp_queue_bytes=1024) as receiver:
        assert receiver.post(request(*(span(n) for n in range(301, 501)))).status_code == 200
    assert len(loaded(people_db, *range(301, 501))) == 200


def test_while_the_database_is_away_senders_are_asked_to_come_again(people_db, receiver):
    with held_up(people_db) as wait_until_one_waits, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(receiver.post, request(span(601)))
        wait_until_one_waits()
        with psycopg.connect(people_db.address.superuser_url, autocommit=True) as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND usename = 'cauce_ingest' AND wait_event_type = 'Lock'",
                (people_db.address.name,),
            )
        answer = waiting.result()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert receiver.post(request(span(601))).json() == {}
    assert loaded(people_db, 601) == [601]


def test_health_is_that_of_the_database(people_db, receiver, monkeypatch):
    monkeypatch.setattr(app, "HEALTH_SECONDS", 0.2)
    with held_up(people_db):
        for _ in range(2):
            assert httpx2.get(f"{receiver.address}/health").status_code == 503
    monkeypatch.setattr(app, "HEALTH_SECONDS", 10)
    answer = httpx2.get(f"{receiver.address}/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("error", "status", "first"),
    [(SkippableError("it is of no use"), 400, 701), (RuntimeError("a defect"), 500, 711)],
    ids=["400", "500"],
)
def test_a_request_that_spoils_a_load_does_not_keep_the_others_out(
    people_db, receiver, monkeypatch, error, status, first
):
    load = gather.load_stream

    def spoilt(db, name, stream, **options):
        if b"spoils" in stream.getvalue():
            raise error
        return load(db, name, stream, **options)

    monkeypatch.setattr(gather, "load_stream", spoilt)
    monkeypatch.setattr(gather, "LINGER_SECONDS", 0.3)
    with ThreadPoolExecutor(3) as pool:
        spans = (span(first), span(first + 1, name="spoils"), span(first + 2))
        answers = list(pool.map(receiver.post, map(request, spans)))
    assert [answer.status_code for answer in answers] == [200, status, 200]
    assert "defect" not in answers[1].text
    assert loaded(people_db, *range(first, first + 3)) == [first, first + 2]


def test_stopping_loads_and_answers_what_was_accepted(people_db):
    with ThreadPoolExecutor(3) as pool:
        with Receiver(people_db) as receiver, held_up(people_db):
            sent = [pool.submit(receiver.post, request(span(n))) for n in (801, 802, 803)]
            receiver.wait_for(3)
            stopping = threading.Thread(target=receiver.__exit__)
            stopping.start()
            time.sleep(0.3)
        stopping.join()
        assert [future.result().status_code for future in sent] == [200] * 3
    assert loaded(people_db, 801, 802, 803) == [801, 802, 803]
