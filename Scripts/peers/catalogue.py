"""Which peers there are. How each is spoken to stands in the file of its name in tools/."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    title: str
    packages: tuple[str, ...] = ()  # what pip installs; the first is the peer itself, and names the environment
    answers: bool = True  # can be asked for the ten best of its runs
    keeps: bool = True  # keeps what it is given, so that a kill may lose some of it
    redis: bool = False


# Named as in the command line, and measured in this order.
PEERS = {
    "nothing": Peer("python, nothing", answers=False, keeps=False),
    "wandb": Peer("wandb (offline)", ("wandb",), answers=False),
    "trackio": Peer("trackio (local)", ("trackio",)),
    "mlflow": Peer("mlflow (SQLite)", ("mlflow",)),
    "aim": Peer("aim (local)", ("aim",)),
    "optuna_redis": Peer("optuna (journal on Redis)", ("optuna", "redis"), redis=True),
    "optuna_sqlite": Peer("optuna (SQLite)", ("optuna", "redis")),
    "tensorboardx": Peer("tensorboardX", ("tensorboardX", "tensorboard")),
}
