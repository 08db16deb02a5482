"""Callbacks and loggers for other libraries, each in a module of its own, which imports its library.

    from hypero.integrations.lightning import HyperoLogger        # Trainer(logger=HyperoLogger(battery))
    from hypero.integrations.transformers import HyperoCallback   # Trainer(callbacks=[HyperoCallback(battery)])
    from hypero.integrations.accelerate import HyperoTracker      # Accelerator(log_with=HyperoTracker(battery))
    from hypero.integrations.keras import HyperoCallback          # model.fit(callbacks=[HyperoCallback(experiment)])
    from hypero.integrations.optuna import HyperoCallback         # study.optimize(f, callbacks=[HyperoCallback(battery)])
    from hypero.integrations.xgboost import HyperoCallback        # xgboost.train(callbacks=[HyperoCallback(experiment)])
    from hypero.integrations.lightgbm import HyperoCallback       # lightgbm.train(callbacks=[HyperoCallback(experiment)])
"""
