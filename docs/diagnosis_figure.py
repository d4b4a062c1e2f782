"""Draw the two marks of smoothing of every diagnosed run, one mark a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnosed_runs import Entry
from which_runs import called

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLES = {
    "plain": {"color": "black", "marker": "o", "label": "plain"},
    "smoothed": {"color": "#D55E00", "marker": "^", "label": "smoothed (LS, MaxSup)"},
    "mixed": {"color": "#0072B2", "marker": "s", "label": "mixed (mixup, CutMix)", "facecolors": "none"},
}
"""Told apart in grey and without colours; Okabe and Ito's colours."""
PANELS_A_ROW = 3


def diagnosis_figure(entries: list[Entry]) -> Figure:
    """One panel a data set; right of the vertical line a model does not look smoothed, at the top left it does."""
    from matplotlib.figure import Figure

    data_sets = dict.fromkeys(one["data_set"] for one in entries)
    n_rows = max(1, -(-len(data_sets) // PANELS_A_ROW))
    figure = Figure(figsize=(3.6 * PANELS_A_ROW, 3.2 * n_rows), layout="constrained")
    panels = list(figure.subplots(n_rows, PANELS_A_ROW, squeeze=False).flat)
    for axes, name in zip(panels, data_sets, strict=False):
        of_set = [one for one in entries if one["data_set"] == name and one["spread_correlation"] is not None]
        for truth, style in STYLES.items():
            runs = [one for one in of_set if one["truth"] == truth and one["standardized_effect"] is not None]
            places = [[one[key] for one in runs] for key in ("spread_correlation", "standardized_effect")]
            axes.scatter(*places, s=24, linewidths=1, **style)
        axes.axvline(0, color="0.6", linewidth=0.8, zorder=0)
        axes.axhline(0, color="0.6", linewidth=0.8, zorder=0)
        axes.set(title=f"{called(name)}, {of_set[0]['classes']} classes" if of_set else called(name), xlim=(-1, 1))
        axes.set(xlabel="correlation of z_max and spread", ylabel="effect at equal MSP, in std")
    for axes in panels[len(data_sets) :]:
        axes.set_axis_off()
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(STYLES))
    return figure
