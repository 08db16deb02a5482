"""The code for optuna with any storage: https://optuna.readthedocs.io/en/stable/tutorial/"""

import optuna

NOTE = (
    "a row is one trial.report with valid and one set_user_attr with train and test; queried from the intermediate"
    " values in study.trials; optuna's own sampler draws the parameters"
)


class Study:
    def __init__(self, storage):
        self.storage = storage

    def start(self, run, parameters):
        self.study = optuna.create_study(
            study_name="peers", storage=self.storage(), direction="maximize", load_if_exists=True
        )
        self.trial = self.study.ask()
        self.trial.set_user_attr("run", run)
        # optuna draws the parameters itself. The parameters of the workload are not used.
        self.trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        self.trial.suggest_float("dropout", 0, 0.5)
        self.trial.suggest_int("depth", 1, 7)
        self.trial.suggest_categorical("batch", [32, 64, 128])
        self.best = 0.0

    def log(self, step, row):
        valid = row["valid"]
        self.best = max(self.best, valid)
        self.trial.report(valid, step)
        self.trial.set_user_attr(str(step), {"train": row["train"], "test": row["test"]})

    def finish(self):
        self.study.tell(self.trial, self.best)

    def top_ten(self):
        trials = optuna.load_study(study_name="peers", storage=self.storage()).trials
        best = [(trial.user_attrs["run"], max(trial.intermediate_values.values())) for trial in trials]
        return sorted(best, key=lambda pair: -pair[1])[:10]

    def steps(self, run):
        trials = optuna.load_study(study_name="peers", storage=self.storage()).trials
        [trial] = [trial for trial in trials if trial.user_attrs.get("run") == run]
        return [step for step in trial.intermediate_values if str(step) in trial.user_attrs]
