"""The names that W&B's `Settings` has and Runstore has no use for: what to tell whoever sets one."""

from typing import Final

_SILENT = """
allow_media_symlink allow_offline_artifacts anonymous api_key app_url_override azure_account_url_to_access_key
console_chunk_max_bytes console_chunk_max_seconds console_multipart credentials_file disable_git_fork_point
disable_job_creation finish_timeout finish_timeout_raises force http_proxy https_proxy identity_token_file init_timeout
insecure_disable_ssl job_name job_source label_disable login_timeout organization program_abspath program_relpath
resumed sagemaker_disable settings_system show_colors show_emoji start_method stop_on_fatal_error summary_timeout
summary_warnings symlink table_raise_on_max_row_limit_exceeded use_dot_wandb x_cli_only_mode x_disable_viewer
x_executable x_extra_http_headers x_file_stream_max_bytes x_file_stream_max_line_bytes x_file_stream_no_gzip
x_file_stream_retry_max x_file_stream_retry_wait_max_seconds x_file_stream_retry_wait_min_seconds
x_file_stream_timeout_seconds x_file_stream_transmit_interval x_file_transfer_retry_max
x_file_transfer_retry_wait_max_seconds x_file_transfer_retry_wait_min_seconds x_file_transfer_timeout_seconds
x_flow_control_custom x_flow_control_disabled x_graphql_retry_max x_graphql_retry_wait_max_seconds
x_graphql_retry_wait_min_seconds x_graphql_timeout_seconds x_history_value_encoding x_internal_check_process
x_jupyter_name x_jupyter_path x_jupyter_root x_live_policy_rate_limit x_live_policy_wait_time x_log_level
x_network_buffer x_proxies x_runqueue_item_id x_server_side_derived_summary x_service_transport x_service_wait
x_skip_transaction_log x_stats_buffer_size x_stats_coreweave_metadata_base_url x_stats_coreweave_metadata_endpoint
x_stats_neuron_monitor_config_path x_stats_no_cgroup x_stats_self_usage x_sync x_sync_dir_suffix
relogin x_transaction_log_flush_interval
"""

HARMLESS: Final = frozenset(_SILENT.split())
"""About a server, its network or its process: without effect here, and nobody misses one."""

_STATS = "system metrics are those of the machine and of this process"
_META = "provenance is always recorded; set disable_git or disable_code to leave out parts of it"

EXPECTED: Final[dict[str, str]] = {
    "capture_loggers": "what loggers print is in the console log",
    "code_dir": "pass the directory to run.log_code()",
    "docker": "the container's image is recorded where it can be found out",
    "git_root": "the repository is the one that the script lies in; set git_commit and git_remote_url instead",
    "ignore_globs": "save() takes exactly the files that its pattern names",
    "launch": "start the script itself, or `runstore sweep`",
    "launch_config_path": "pass config= or config_paths",
    "x_disable_machine_info": _META,
    "x_disable_meta": _META,
    "x_files_dir": "files lie in the run's own directory, run.dir",
    "x_save_requirements": "installed packages are always recorded",
    "x_start_time": "a run begins when init is called",
    **dict.fromkeys(
        (
            *("x_stats_cpu_count", "x_stats_cpu_logical_count", "x_stats_dcgm_exporter", "x_stats_disk_paths"),
            *("x_stats_gpu_count", "x_stats_gpu_device_ids", "x_stats_gpu_type", "x_stats_open_metrics_endpoints"),
            *("x_stats_open_metrics_filters", "x_stats_open_metrics_http_headers", "x_stats_pid"),
            "x_stats_track_process_tree",
        ),
        _STATS,
    ),
}
"""Those that a user expects something of, with what there is instead."""


def remark(name: str, value: object, known: list[str]) -> str:
    """What to tell somebody who set `name`, "" where nothing has to be told. `known` are the names that count."""
    plain = f"x{name}" if name.startswith("_") else name
    if plain in HARMLESS or (plain in EXPECTED and not value):
        return ""
    if plain in EXPECTED:
        return f"settings {name} has no effect here: {EXPECTED[plain]}"
    import difflib

    close = difflib.get_close_matches(name, [*known, *EXPECTED, *HARMLESS], 1)
    return f"settings {name} is unknown; " + (f"did you mean {close[0]}?" if close else "see `runstore settings`")
