"""mlflow on SQLite, its default since 3.7, which mlflow recommends instead of the file store:
https://mlflow.org/docs/latest/self-hosting/architecture/backend-store"""

import mlflow

NOTE = (
    "queried with search_runs and one get_metric_history per run, because search_runs orders by the last value of a"
    " metric and not by its best"
)

mlflow.set_tracking_uri("sqlite:///mlflow.db")
client = mlflow.MlflowClient()


def start(run, parameters):
    mlflow.set_experiment("peers")
    mlflow.start_run(run_name=f"run-{run}")
    mlflow.log_params(parameters)


def log(step, row):
    mlflow.log_metrics(row, step=step)


def finish():
    mlflow.end_run()


def found_runs(filter_string=""):
    return mlflow.search_runs(experiment_names=["peers"], filter_string=filter_string, output_format="list")


def top_ten():
    best = {
        run.info.run_name: max(metric.value for metric in client.get_metric_history(run.info.run_id, "valid"))
        for run in found_runs()
    }
    ranked = sorted(best.items(), key=lambda pair: -pair[1])[:10]
    return [(int(name.removeprefix("run-")), value) for name, value in ranked]


def steps(run):
    [found] = found_runs(f"attributes.run_name = 'run-{run}'")
    histories = (client.get_metric_history(found.info.run_id, channel) for channel in ("train", "valid", "test"))
    return set.intersection(*({metric.step for metric in history} for history in histories))
