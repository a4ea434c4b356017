"""Groups side by side: the same numbers everywhere, within memory, and nothing goes on after."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from joblib.parallel import ThreadingBackend
from torch.nn.functional import cross_entropy

from helpers.device import generator, rng
from helpers.experiments import groups, layer_statistics, running, sweep
from helpers.initializers import initialize
from helpers.networks import mlp
from tools.patience import patience

X = torch.randn(50, 8, generator=generator(1))
Y = torch.randint(4, (50,), generator=generator(2))


def network(width=16, phi="tanh", seed=0):
    return initialize(mlp([8, width, 4], phi), "he_normal", generator=rng(seed))


def measure(model):
    return {"norm": model.linear1.weight.norm(), **layer_statistics(model, X, Y)}


def run(build=network, **changes):
    options = {"data": (X, Y), "lr": 0.1, "steps": 5, "batch_size": 20}
    return sweep(build, **options | changes)


def run_all():
    """Run what is compared: several architectures, rates and pairs, measured and validated."""
    return run(
        width=[16, 32],
        phi=["tanh", "relu"],
        lr=[0.1, 0.2, 1e30],
        seed=range(3),
        task={"near": (X, Y), "far": (X + 1, Y)},
        data=lambda task: task,
        validation=(X[:7], Y[:7]),
        validate_every=2,
        measure=measure,
    )


@pytest.fixture(scope="module")
def on_one_core():
    with joblib.parallel_config(n_jobs=1):
        return run_all()


@pytest.fixture
def taken(monkeypatch):
    """Return the sizes of the groups that are trained in this process."""
    sizes = []
    train = running._train

    def remember(group, interrupt):
        sizes.append(len(group.members))
        return train(group, interrupt)

    monkeypatch.setattr(running, "_train", remember)
    return sizes


# The same numbers everywhere


@pytest.mark.parametrize("jobs", [2, 3, 7])
def test_threads_give_the_same_numbers(on_one_core, jobs):
    with joblib.parallel_config("threading", n_jobs=jobs):
        assert run_all().identical(on_one_core)


def test_as_it_comes_it_gives_the_same_numbers(on_one_core):
    assert run_all().identical(on_one_core)


def test_processes_give_the_same_numbers(on_one_core):
    with joblib.parallel_config("loky", n_jobs=2):
        assert run_all().identical(on_one_core)


def test_a_cluster_gives_the_same_numbers(on_one_core):
    distributed = pytest.importorskip("distributed", reason="needs the package distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    )
    with cluster, distributed.Client(cluster), joblib.parallel_config("dask"):
        assert joblib.effective_n_jobs(-1) == 2
        assert run_all().identical(on_one_core)


@pytest.mark.parametrize("shared", [True, False])
def test_a_backend_that_returns_all_results_at_once_gives_the_same_numbers(shared, on_one_core):
    class AllAtOnce(ThreadingBackend):
        supports_return_generator = False
        supports_sharedmem = shared

    joblib.register_parallel_backend("all at once", AllAtOnce)
    with joblib.parallel_config("all at once", n_jobs=2):
        assert run_all().identical(on_one_core)


def test_numbers_do_not_depend_on_the_seed_of_another_process(monkeypatch):
    """The order of the batches is sent, as the seed of a generator; weights are sent as drawn."""
    with joblib.parallel_config("loky", n_jobs=2):
        before = run(seed=[0, 1])  # starts the workers, if none are there
        monkeypatch.setenv("COURSE_SEED", "3")
        shifted = run(seed=[0, 1])
    with joblib.parallel_config(n_jobs=1):
        assert shifted.identical(run(seed=[0, 1]))
    assert (shifted.loss != before.loss).any()


# How the work is divided


def test_the_configuration_of_joblib_is_used(monkeypatch):
    class Remembering(joblib.Parallel):
        def __init__(self, **options):
            super().__init__(**options)
            made.append((type(self._backend).__name__, self.n_jobs))

    made = []
    monkeypatch.setattr(joblib, "Parallel", Remembering)
    with joblib.parallel_config("threading", n_jobs=3):
        run(seed=range(4))
    with joblib.parallel_config(n_jobs=2):
        run(seed=range(4))
    with joblib.parallel_config("loky", n_jobs=2):
        run(seed=range(4))
    assert made == [("ThreadingBackend", 3), ("ThreadingBackend", 2), ("LokyBackend", 2)]
    with joblib.parallel_config(n_jobs=1):
        run(seed=range(4))
    assert len(made) == 3
    monkeypatch.setattr(joblib, "effective_n_jobs", {-1: 5}.get)
    run(seed=range(4))
    assert made[3] == ("ThreadingBackend", 5)


@pytest.mark.parametrize(("jobs", "sizes"), [(1, [9]), (2, [5, 4]), (4, [3, 3, 3]), (9, [1] * 9)])
def test_networks_are_divided_among_the_workers(taken, jobs, sizes):
    with joblib.parallel_config("threading", n_jobs=jobs):
        run(seed=range(9))
    assert sorted(taken, reverse=True) == sizes


def test_networks_of_one_architecture_and_training_are_one_group(taken):
    with joblib.parallel_config(n_jobs=1):
        run(seed=range(3), lr=[0.1, 0.2])
        run(width=[3, 4], seed=range(3))
        run(steps=[2, 3], seed=range(4))
        run(task={"a": (X, Y), "b": (X, Y + 0)}, data=lambda task: task, seed=range(5))
        run(validation={"a": (X, Y), "b": None}, seed=range(2))
    assert taken == [6, 3, 3, 4, 4, 5, 5, 2, 2]


def test_unequal_work_is_shared_and_the_longest_comes_first():
    small, large = groups.Size(100, work=1), groups.Size(100, work=3)
    wide = list(range(8, 16))
    pieces = groups._pieces([(list(range(8)), small), (wide, large)], jobs=2)
    assert pieces == [wide[:4], wide[4:], list(range(8))]
    assert groups._pieces([([0, 1], small), ([2, 3], small)], jobs=2) == [[0, 1], [2, 3]]
    limited = small._replace(limit=3)
    assert groups._pieces([([0, 1, 2, 3], limited)], jobs=1) == [[0, 1], [2, 3]]


def test_work_counts_products_at_every_position_of_every_example():
    options = groups.Options((X, Y), 0.1, 5, 20, "sgd", None, None, cross_entropy)
    dense = 8 * 16 + 16 + 16 * 4 + 4
    assert groups.size(network(), options).work == 5 * 20 * dense
    assert groups.size(network(), options._replace(steps=10, batch_size=5)).work == 50 * dense
    convolution = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten())
    pictures = options._replace(data=(X[:, None, None, :].expand(-1, 1, 8, 8), Y))
    assert groups.size(convolution, pictures).work == 5 * 20 * (2 * 9 + 2) * 36
    assert groups.size(torch.nn.ReLU(), options).work == 5 * 20


def test_groups_of_small_networks_are_larger_and_a_large_network_is_alone():
    small, middle = groups.SMALL // (3 * groups.LARGEST), groups.SMALL // groups.LARGEST
    assert groups._most(small) == 3 * groups.LARGEST
    assert groups._most(middle // 2) == 2 * groups.LARGEST
    assert groups._most(10 * middle) == groups.LARGEST
    assert groups._most(groups.ALONE) == 1


def test_groups_are_cut_by_number_and_by_memory_without_changing_a_number(taken, monkeypatch):
    with joblib.parallel_config(n_jobs=1):
        whole = run(seed=range(10))
        monkeypatch.setattr(groups, "LARGEST", 4)
        monkeypatch.setattr(groups, "SMALL", 0)
        assert run(seed=range(10)).identical(whole)
        assert taken == [10, 4, 3, 3]
        weights = sum(p.numel() for p in network().parameters())
        signal = 20 * (2 * (8 + 16 + 16 + 4 + 4) + 8)  # the layers' outputs, and the whole's
        monkeypatch.setattr(groups, "MEMORY", 3 * 4 * (3 * weights + signal))
        taken.clear()
        assert run(seed=range(10)).identical(whole)
        assert taken == [3, 3, 2, 2]
        taken.clear()
        adam = run(seed=range(10), optimizer="adam")
        assert taken == [2] * 5
        monkeypatch.setattr(groups, "MEMORY", 1)
        taken.clear()
        assert run(seed=range(10), optimizer="adam").identical(adam)
        assert taken == [1] * 10


def test_networks_are_freed_by_the_thread_that_trained_them(monkeypatch):
    """A thread of joblib's may outlive the sweep; torch aborts where it frees them at exit."""
    left = []
    train = running._train

    def look(group, interrupt):
        done = train(group, interrupt)
        left.append(group.networks)
        return done

    monkeypatch.setattr(running, "_train", look)
    run(width=[16, 32], seed=range(2))
    assert left
    assert not any(left)


def test_networks_that_do_not_fit_into_memory_are_built_again(monkeypatch):
    built = []

    def build(seed):
        built.append(seed)
        return network(seed=seed)

    with joblib.parallel_config(n_jobs=1):
        whole = run(build, seed=range(4))
        assert built == [0, 1, 2, 3]
        built.clear()
        size = sum(4 * p.numel() for p in network().parameters())
        monkeypatch.setattr(groups, "KEPT", 2 * size + 1)
        assert run(build, seed=range(4)).identical(whole)
    assert built == [0, 1, 2, 3, 2, 3]


def test_data_are_sent_as_the_same_arrays():
    """joblib and dask recognise an object that they have sent before, not its content."""
    options = groups.Options((X, Y), 0.1, 5, 20, "sgd", (X, Y), None, cross_entropy)
    group = groups.Group([0], [network()], [0], [0.1], options, None, ["one"])
    other = options._replace(validation=None)
    tasks = list(running._tasks_elsewhere([group, replace(group, options=other), group]))
    (_, first, _), (_, second, _), (_, third, _) = tasks
    assert [len(arguments) for arguments in (first, second, third)] == [5, 3, 5]
    assert first[1] is first[3] is second[1] is third[1]
    assert first[2] is first[4] is second[2] is third[2]
    assert first[0].options.data is None
    assert first[0].options.validation is None


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_group_is_computed_on_one_core_and_the_number_of_threads_is_kept(jobs):
    seen = []

    def count(output, y):
        seen.append(torch.get_num_threads())
        return cross_entropy(output, y)

    def build(seed):
        seen.append(torch.get_num_threads())
        return network(seed=seed)

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with joblib.parallel_config("threading", n_jobs=jobs):
            run(build, seed=range(4), loss=count, steps=2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert set(seen[5:]) == {1}, "all but the rehearsal"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_groups_run_one_after_the_other():
    assert running.workers(torch.device("cuda")) == 1
    pair = X.cuda(), Y.cuda()
    runs = run(seed=range(3), data=pair, validation=pair)
    np.testing.assert_allclose(runs.loss, run(seed=range(3)).loss, atol=1e-4)


def test_on_another_device_than_the_processor_there_is_one_worker():
    with joblib.parallel_config(n_jobs=3):
        assert running.workers(torch.device("meta")) == 1
        assert running.workers(torch.device("cpu")) == 3


# Progress


def test_the_bar_counts_networks_and_is_gone_afterwards(monkeypatch, capsys):
    monkeypatch.setenv("TQDM_DISABLE", "0")
    monkeypatch.setenv("TQDM_MININTERVAL", "0")
    with joblib.parallel_config("threading", n_jobs=2):
        run(seed=range(7), lr=[0.1, 0.2])
    captured = capsys.readouterr()
    assert "networks trained" in captured.err
    assert "/14 " in captured.err
    assert captured.err.endswith("\r")
    assert captured.out == ""
    monkeypatch.setenv("TQDM_DISABLE", "1")
    run(seed=range(3))
    assert capsys.readouterr().err == ""


def test_every_network_is_counted_once(monkeypatch):
    counted = []

    class Bar:
        def __init__(self, description, *, total):
            counted.append((description, total))

        def __enter__(self):
            return self

        def __exit__(self, *error):
            counted.append("closed")

        def update(self, number):
            counted.append(number)

    monkeypatch.setattr(running, "progress_bar", Bar)
    with joblib.parallel_config("threading", n_jobs=2):
        run(width=[3, 4, 5], seed=range(3))
    assert counted[0] == ("networks trained", 9)
    assert sum(counted[1:-1]) == 9
    assert counted[-1] == "closed"


# Nothing goes on


def test_a_fault_in_one_group_ends_the_others():
    """The one of width 4 would take hours."""
    steps = []

    def fail(model):
        raise RuntimeError("no measure")

    def count(output, y):
        steps.append(1)
        return cross_entropy(output, y)

    with (
        joblib.parallel_config("threading", n_jobs=2),
        pytest.raises(ValueError, match="measure fails at width=3: no measure"),
    ):
        run(width=[4, 3], steps=lambda width: 30 if width == 3 else 10**7, measure=fail, loss=count)
    ended = len(steps)
    time.sleep(0.2)
    assert len(steps) == ended


@pytest.mark.filterwarnings("ignore:.*tasks which were still being processed")
def test_a_fault_outside_ends_the_trainings(monkeypatch):
    """As Ctrl-C does that comes while the results are put together."""
    steps = []

    def count(output, y):
        steps.append(1)
        return cross_entropy(output, y)

    class Bar:
        def __init__(self, *_, **__):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def update(self, number):
            raise KeyboardInterrupt

    monkeypatch.setattr(running, "progress_bar", Bar)
    with joblib.parallel_config("threading", n_jobs=2), pytest.raises(KeyboardInterrupt) as caught:
        run(width=[4, 3], steps=lambda width: 5 if width == 3 else 10**7, loss=count)
    ended = len(steps)
    time.sleep(0.2)
    assert len(steps) == ended
    assert caught.value is not None, "its frames are kept, as a notebook keeps them"


PROGRAM = """
import os, signal, sys, time
import joblib, torch
from torch.nn.functional import cross_entropy
from helpers.device import rng
from helpers.experiments import sweep
from helpers.initializers import initialize
from helpers.networks import mlp

def network(width, seed):
    return initialize(mlp([4, width, 3]), "he_normal", generator=rng(seed))

def loss(output, y, path=sys.argv[2]):
    with open(path, "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(0.001)
    return cross_entropy(output, y)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
x, y = torch.ones(6, 4), torch.tensor([0, 1, 2] * 2)
try:
    with joblib.parallel_config(sys.argv[1], n_jobs=2):
        sweep(network, width=[3, 4, 5], seed=range(4), data=(x, y), lr=0.1, steps=10**7,
              batch_size=6, loss=loss)
except KeyboardInterrupt:
    before = os.path.getsize(sys.argv[2])
    time.sleep(0.5)
    print("went on" if os.path.getsize(sys.argv[2]) > before else "ended")
"""


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "zombie" not in Path(f"/proc/{process}/status").read_text()


@pytest.mark.skipif(not Path("/proc").exists(), reason="asks Linux which processes run")
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_ctrl_c_leaves_nothing_running(backend, tmp_path):
    log = tmp_path / "steps"
    log.touch()
    command = [sys.executable, "-c", PROGRAM, backend, str(log)]
    program = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 240
        while log.read_text().count("\n") < 60 and time.monotonic() < deadline:
            time.sleep(0.05)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=patience(60))
    finally:
        program.kill()
    assert (out, program.returncode) == ("ended\n", 0), err
    assert err == ""
    trainers = set(map(int, log.read_text().split()))
    assert len(trainers) == (1 if backend == "threading" else 3), "and the rehearsal"
    deadline = time.monotonic() + 10
    while any(map(alive, trainers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(alive, trainers))


def flushed():
    return bool(torch.tensor(1e-40) * 1 == 0)


def test_training_takes_denormal_numbers_for_zero_and_what_follows_does_not():
    seen = []

    def loss(output, y):
        seen.append(flushed())
        return cross_entropy(output, y)

    runs = run(loss=loss, measure=lambda model: {"flushed": float(flushed())})
    assert seen[-1]
    assert runs.flushed == 0
    assert not flushed()
    with running.no_denormals(), running.no_denormals():
        assert flushed()
    with running.no_denormals():
        with running.no_denormals():
            pass
        assert flushed()
    assert not flushed()
