from cloche import Capability, State, hookimpl
from cloche.errors import InvalidSpec, InvalidState, NotFound, NotSupported
from cloche.layers import LayerStore, LayerStoreDescriptor, RootFilesystem
from cloche.probe import Supported
from cloche.runtime import Runtime, RuntimeContainer, RuntimeDescriptor, spawn


class Bare(Runtime):
    """Runs programs directly on this machine: no isolation, no root of their own."""

    binds_stdio = "start"

    def accepts(self, request):
        if request.idle or not (request.spec.process and request.spec.process.args):
            raise InvalidSpec("no command", path="process.args")
        return ("bare",)

    def create(self, request, root, streams):
        return BareContainer(request.id, request.spec.process)

    def load(self, id, state, info):
        raise NotFound(f"nothing of {id} exists: it has ended with its maker")

    def list(self):
        return ()

    def close(self):
        pass


class BareContainer(RuntimeContainer):
    init = None
    info = property(lambda self: {})

    def __init__(self, id, process):
        self.id, self.process, self.started = id, process, False

    def state(self):
        if self.init is None:
            return State.STOPPED if self.started else State.CREATED
        return State.RUNNING if self.init.exit.poll() is None else State.STOPPED

    def start(self, streams, process=None):
        if process is not None:
            raise NotSupported("bare starts what the container was made with")
        if self.started:
            raise InvalidState(f"{self.id} was started already")
        self.started = True
        env = dict(variable.split("=", 1) for variable in self.process.env or ())
        self.init = spawn(self.process.args, streams, id=self.id, env=env, cwd=self.process.cwd)

    def terminate(self):
        self._init().kill_group(9)

    def delete(self):
        if self.init is not None:
            self.terminate()
            self.init.exit.wait(10)

    def close(self):
        if self.init is not None:
            self.init.close()


class Nowhere(LayerStore):
    """Makes no roots, and says so: programs of `bare` see this machine as it is."""

    def prepare(self, id, layers, form, *, volatile, size):
        return RootFilesystem(form=form)

    def release(self, id):
        pass

    def list(self):
        return ()


@hookimpl
def cloche_runtimes():
    return [
        RuntimeDescriptor(
            name="bare",
            ceiling=1,
            capabilities=frozenset({Capability.ISOLATE_PROCESS, Capability.SIGNALS}),
            roots=("bare",),
            stdio=frozenset({"fd"}),
            probe=lambda argument: Supported(1),
            open=lambda context: Bare(),
        )
    ]


@hookimpl
def cloche_layer_stores():
    return [
        LayerStoreDescriptor(
            name="bare",
            ceiling=1,
            offers=("bare",),
            kinds=frozenset({"host"}),
            probe=lambda argument: Supported(1),
            open=lambda context: Nowhere(),
        )
    ]
