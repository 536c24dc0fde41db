"""Leaks 64 KB at a time: sessions in a module's dictionary, which nobody takes out. Prints "ready" once
it holds some, keeps leaking slowly, ends with its standard input."""

import sys
import threading
import time


class Session:
    def __init__(self, number):
        self.number = number
        self.page = bytearray(64 * 1024)


by_number = {}


def open_session(number):
    by_number[number] = Session(number)


def serve():
    for number in range(300):
        open_session(number)
    print("ready", flush=True)
    while True:
        open_session(len(by_number))
        time.sleep(0.02)


threading.Thread(target=serve, daemon=True).start()
sys.stdin.read()
