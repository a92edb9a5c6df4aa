"""A guest in somebody's process: no network, no prints, no changes to what others share."""

from __future__ import annotations

from ..subject import Subject
from ..surroundings import Changes, unpredictable
from ..verdict import expect, not_applicable
from ..watch import undisturbed


class ProcessChecks:
    """Checks of manners. Offline and printing are looked at in a process of its own, with sockets blocked."""

    def test_works_offline(self, aigc_subject: Subject) -> None:
        """Once its files are in the store, the plugin loads, runs and unloads without touching the network.

        Blocked and reported are connecting, binding, sending and looking up names; socket files of this machine, and
        binding to its own loopback address, are allowed.
        """
        report = aigc_subject.probed
        expect(
            not report.calls,
            f"the plugin tried {report.calls[0] if report.calls else ''} ({len(report.calls)} calls in all)",
            rule="AIGC_OFFLINE=1 means that no socket is opened; files come from files.folder()",
            change="load from the folder that the store gives (local_files_only=True), switch telemetry off",
        )

    def test_prints_nothing(self, aigc_subject: Subject) -> None:
        """Nothing is written to standard output, by Python or by a library underneath."""
        printed = aigc_subject.probed.printed.strip()
        expect(
            not printed,
            f"written to standard output: {printed[:200]!r}",
            rule="standard output belongs to the command that runs; a pipe gets the artifact and nothing else",
            change="use logging (or standard error), and context.progress() for progress",
        )

    def test_leaves_random_states_alone(self, aigc_subject: Subject) -> None:
        """Loading and running do not seed or draw from the global generators of ``random``, numpy and torch.

        Only of libraries that are imported. A plugin that draws from them makes something else whenever somebody in
        the process draws at the same time, and disturbs the caller's own sequence.
        """
        changed = _changes(aigc_subject).randoms
        expect(
            not changed,
            f"changed: {', '.join(sorted(changed))}",
            rule="an item's result depends on its own seed; the caller's random numbers are the caller's",
            change="random.Random(seed), numpy.random.default_rng(seed), torch.Generator(device).manual_seed(seed); "
            "around a library that takes none: with torch.random.fork_rng(): torch.manual_seed(seed)",
        )

    def test_leaves_the_process_alone(self, aigc_subject: Subject) -> None:
        """Loading and running leave process-wide settings as they were.

        Looked at: environment, working directory, signal handlers, locale, import path, root logger, standard streams,
        exception hooks, socket timeout, recursion limit; torch's default dtype and device, threads, determinism,
        gradient mode. The plugin has been loaded once before, so that what imports do is not counted.
        """
        changed = _changes(aigc_subject).settings
        expect(
            not changed,
            f"changed: {', '.join(sorted(changed))}",
            rule="a plugin shares the process with the caller and with other plugins",
            change="pass settings to the calls that need them, or put them back in a finally; "
            "threads and variables are set by the engine, as the plan and RunnerSpec.environment say",
        )


def _changes(subject: Subject) -> Changes:
    """What one more loading, running and unloading changes. Looked at once for both checks."""
    found: Changes | None = subject.kept.get("changes")
    if found is not None:
        return found
    _ = subject.usual[0]
    subject.fresh()
    changes = subject.kept["changes"] = Changes()
    subject.watch.around = changes.during
    try:
        with unpredictable():
            subject.run(0)
            subject.fresh()
    finally:
        subject.watch.around = undisturbed
    if not changes.calls:
        not_applicable("the plugin was not called")
    return changes
