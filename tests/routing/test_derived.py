"""What is made of a network is made once, and goes with it."""

import gc
import weakref

from routing.query.derived import Derived


class Network:
    def __init__(self):
        self.derived = Derived(self)


class Thing:
    def __init__(self, network):
        self.network = weakref.proxy(network)


def test_it_is_made_when_first_asked_and_kept():
    network = Network()
    assert network.derived.find(Thing) is None
    made = network.derived.get(Thing)
    assert made.network.derived is network.derived
    assert network.derived.get(Thing) is made is network.derived.find(Thing)
    assert network.derived.get(id) == id(network)


def test_it_goes_with_the_network_at_once():
    network = Network()
    gone = weakref.ref(network.derived.get(Thing)), weakref.ref(network)
    gc.disable()
    try:
        del network
        assert [one() for one in gone] == [None, None]
    finally:
        gc.enable()
