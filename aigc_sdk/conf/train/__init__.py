"""Training recipes, one file a task, and their groups ``data`` and ``model``. Yours go to ``$AIGC_HOME/conf/train``."""
