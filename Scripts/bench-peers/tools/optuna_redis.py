"""optuna's journal on Redis:
https://optuna.readthedocs.io/en/stable/reference/generated/optuna.storages.journal.JournalRedisBackend.html"""

import os

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalRedisBackend

from .optuna_study import NOTE, Study


def storage():
    # The name of the folder separates the data of the phases, as the folder itself does for tools that store files.
    return JournalStorage(JournalRedisBackend(os.environ["PEERS_REDIS"], prefix=os.path.basename(os.getcwd())))


study = Study(storage)
start, log, finish, top_ten, steps = study.start, study.log, study.finish, study.top_ten, study.steps
