"""optuna on SQLite: https://optuna.readthedocs.io/en/stable/tutorial/20_recipes/001_rdb.html"""

from .optuna_study import NOTE, Study

study = Study(lambda: "sqlite:///optuna.db")
start, log, finish, top_ten, steps = study.start, study.log, study.finish, study.top_ten, study.steps
