"""What this plugin offers. It is read at every start of aigc: import nothing heavy here."""

from aigc_sdk import Manifest, ModelCard, OptionSpec, RunnerSpec

from . import __version__

MANIFEST = Manifest(
    name="markov",
    version=__version__,
    modality="text",
    tasks=("text-generation", "chat"),
    summary="Words that often follow each other",
    licence="MIT",
    models=(
        ModelCard(
            id="markov",
            tasks=("text-generation", "chat"),
            licence="MIT",
            format="none",  # its text ships in the package
            languages=("en",),
            default_options={"max_tokens": 60, "temperature": 1.0},
            notes="Counts of words in 60 sentences about tableware. An example, not a writer.",
        ),
    ),
    default_model="markov",
    runners=(
        RunnerSpec(
            name="python",
            loader="aigc_plugin_markov.runner:load",
            formats=("none",),
            max_batch=8,
            continuous=True,
        ),
    ),
    options=(
        OptionSpec(
            name="order",
            type="int",
            default=2,
            minimum=1,
            maximum=3,
            help="words that the next one depends on: 1 rambles, 3 quotes",
        ),
        OptionSpec(name="sentences", type="int", default=2, minimum=1, maximum=20, help="after which it stops"),
    ),
)
