"""Make Grafana's dashboard from `panels`, with Grafana's own builders: `make dashboard`."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeVar

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    VariableRefresh,
)

from monitoring.panel import Panel
from monitoring.panels import ROWS

FILE: Final = Path(__file__).parent / "grafana" / "dashboards" / "samo.json"
PanelBuilder = TypeVar("PanelBuilder", stat.Panel, timeseries.Panel)

_DATASOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
# Grafana's grid is 24 columns wide.
_STAT_WIDTH, _STAT_HEIGHT = 4, 4
_GRAPH_WIDTH, _GRAPH_HEIGHT = 8, 8


def render() -> str:
    """The dashboard as JSON."""
    return JSONEncoder(sort_keys=True, indent=2).encode(_dashboard().build()) + "\n"


def _dashboard() -> dashboard.Dashboard:
    builder = (
        dashboard.Dashboard("SAMO")
        .uid("samo")
        .description("Generated from monitoring/panels/ by `make dashboard`.")
        .tags(["samo"])
        .refresh("30s")
        .time("now-1h", "now")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").type("prometheus"))
        .with_variable(
            dashboard.QueryVariable("job")
            .datasource(_DATASOURCE)
            .query("label_values(samo_build_info, job)")
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .include_all(True)
            .multi(True)
        )
    )
    for row in ROWS:
        builder = builder.with_row(dashboard.Row(row.title))
        for panel in row.panels:
            builder = builder.with_panel(_stat(panel) if panel.is_stat else _graph(panel))
    return builder


def _stat(panel: Panel) -> stat.Panel:
    return _with_queries(
        stat.Panel()
        .title(panel.title)
        .description(panel.description)
        .datasource(_DATASOURCE)
        .unit(panel.unit)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .span(_STAT_WIDTH)
        .height(_STAT_HEIGHT),
        panel,
    )


def _graph(panel: Panel) -> timeseries.Panel:
    return _with_queries(
        timeseries.Panel()
        .title(panel.title)
        .description(panel.description)
        .datasource(_DATASOURCE)
        .unit(panel.unit)
        .min(0)
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .span(_GRAPH_WIDTH)
        .height(_GRAPH_HEIGHT),
        panel,
    )


def _with_queries(builder: PanelBuilder, panel: Panel) -> PanelBuilder:
    for number, query in enumerate(panel.queries):
        builder = builder.with_target(
            prometheus.Dataquery()
            .ref_id(chr(ord("A") + number))
            .datasource(_DATASOURCE)
            .expr(query.expression)
            .legend_format(query.legend)
        )
    return builder
