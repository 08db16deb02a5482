"""The list of peers. The module of the same name in tools/ logs to the peer and queries it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    title: str
    packages: tuple[str, ...] = ()  # to install with pip; the first is the peer itself and the name of its environment
    has_queries: bool = True  # can be queried for the ten best runs
    stores_rows: bool = True  # stores the rows, so that a kill may lose some of them
    redis: bool = False  # needs a Redis server


# The keys are the names on the command line. The peers are measured in this order.
PEERS = {
    "nothing": Peer("python, nothing", has_queries=False, stores_rows=False),
    "hypero": Peer("hypero from Python", ("hypero",), redis=True),  # installed from the wheel of this checkout
    "wandb": Peer("wandb (offline)", ("wandb",), has_queries=False),
    "trackio": Peer("trackio (local)", ("trackio",)),
    "mlflow": Peer("mlflow (SQLite)", ("mlflow",)),
    "aim": Peer("aim (local)", ("aim",)),
    "optuna_redis": Peer("optuna (journal on Redis)", ("optuna", "redis"), redis=True),
    "optuna_sqlite": Peer("optuna (SQLite)", ("optuna", "redis")),
    "tensorboardx": Peer("tensorboardX", ("tensorboardX", "tensorboard")),
}
