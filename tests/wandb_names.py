"""The public names of W&B's SDK, 0.31, as data: what scripts that were written for it may use."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODULE = _names(
    """
    AlertLevel Api Artifact ArtifactTTL Audio Bokeh Classes CommError Config Error EvalTable Graph Histogram Html
    Image JoinedTable Molecule Object3D PartitionedTable Plotly Run Settings Table UsageError Video agent agents
    alert analytics api apis attach box3d catboost config controller data_types define_metric docker
    ensure_configured env errors fastai finish gym helper init integration join jupyter keras launch lightgbm
    link_model log log_artifact log_code log_model login mark_preempting patched pin_config_keys plot plot_table
    profiler proto require restore run sacred sagemaker_auth save sdk setup sklearn summary sweep teardown
    tensorboard tensorflow termerror termlog termsetup termwarn trigger unwatch use_artifact use_model util
    visualize wandb_agent wandb_lib wandb_sdk wandb_torch watch xgboost
    """
)
"""Of the module."""

INIT = _names(
    """
    entity project dir id name notes tags config config_exclude_keys config_include_keys allow_val_change group
    job_type mode force reinit resume resume_from fork_from save_code tensorboard sync_tensorboard monitor_gym
    settings anonymous
    """
)
"""Arguments of `init`."""

RUN = _names(
    """
    alert config config_static define_metric dir disabled display entity finish finish_artifact group id job_type
    link_artifact link_model log log_artifact log_code log_model mark_preempting name notes offline path
    pin_config_keys project project_url restore resumed save settings start_time starting_step status step sweep_id
    sweep_url sync_dir tags to_html unwatch upsert_artifact url use_artifact use_model watch write_logs
    """
)
"""Of `Run`."""

CONFIG = _names(
    """
    as_dict get items keys merge_locked persist setdefaults update update_locked
    """
)
"""Of `Run.config`."""

SUMMARY = _names(
    """
    get keys update
    """
)
"""Of `Run.summary`."""

DATA_TYPES = _names(
    """
    Audio BatchableMedia Bokeh BoundingBoxes2D Classes EvalTable Graph Histogram Html Image ImageMask JoinedTable
    Media Molecule Node Object3D PartitionedTable Plotly Table Video WBTraceTree WBValue
    """
)
"""Classes of `wandb.data_types`."""

TABLE = _names(
    """
    MAX_ARTIFACT_ROWS MAX_ROWS add_column add_computed_columns add_data add_row bind_to_run captions cast
    file_is_set from_json get_column get_dataframe get_index get_media_subdir has_been_logged index_ref
    init_from_json is_bound iterrows path_is_reference set_fk set_pk to_data_array to_json type_mapping with_suffix
    """
)
"""Of `Table`."""

PLOT = _names(
    """
    CustomChart Visualize bar confusion_matrix custom_chart histogram line line_series plot_table pr_curve roc_curve
    scatter utils visualize viz
    """
)
"""Of `wandb.plot`."""

ARTIFACT = _names(
    """
    add add_dir add_file add_reference aliases checkout collection commit_hash created_at delete description digest
    digest_algorithm distributed_id download entity file file_count files finalize get get_added_local_path_name
    get_entry get_path history_step id incremental is_draft is_link json_encode link linked_artifacts linked_at
    logged_by manifest metadata name new_draft new_file project qualified_name remove save size source_artifact
    source_collection source_entity source_name source_project source_qualified_name source_version state tags ttl
    type unlink updated_at url use_as used_by verify version wait
    """
)
"""Of `Artifact`."""

API = _names(
    """
    artifact artifact_collection artifact_collection_exists artifact_collections artifact_exists artifact_type
    artifact_types artifact_versions artifacts automation automations create_automation create_custom_chart
    create_project create_registry create_run create_run_queue create_team create_user default_entity
    delete_automation flush from_path integrations job list_jobs organization project projects queued_run registries
    registry reports run run_queue runs slack_integrations sweep sync_tensorboard team update_automation
    upsert_run_queue user user_agent users viewer webhook_integrations
    """
)
"""Of `Api`."""

API_RUN = _names(
    """
    beta_scan_history config console_logs create delete display download_history_exports entity file files history
    id json_config lastHistoryStep load load_full_data log_artifact logged_artifacts metadata name path rawconfig
    save scan_history snake_to_camel state stop storage_id summary summary_metrics sweep sweep_name system_metrics
    to_html update update_state upload_file url use_artifact used_artifacts username wait_until_finished
    """
)
"""Of the Api's `Run`."""

API_RUNS = _names(
    """
    convert_objects cursor histories last_response more next update_variables upgrade_to_full
    """
)
"""Of the Api's `Runs`."""

API_SWEEP = _names(
    """
    agent agents best_run config display enqueue_run entity expected_run_count get load name order path
    snake_to_camel to_html url username
    """
)
"""Of the Api's `Sweep`."""

API_PROJECT = _names(
    """
    artifacts_types collections created_at description display entity id name owner path runs snake_to_camel sweeps
    to_html url
    """
)
"""Of the Api's `Project`."""

API_COLLECTION = _names(
    """
    aliases artifacts change_type created_at delete description entity id is_sequence load name project project_id
    project_internal_id save tags type updated_at
    """
)
"""Of the Api's `ArtifactCollection`."""

API_TYPE = _names(
    """
    collection collections entity id load name project type
    """
)
"""Of the Api's `ArtifactType`."""

API_PAGES = _names(
    """
    QUERY convert_objects cursor last_response more next update_variables
    """
)
"""Of the Api's lists: `Projects`, `Sweeps`, `Files`, `ArtifactTypes`, `ArtifactCollections`, `Artifacts`."""

API_FILE = _names(
    """
    delete display download path_uri size snake_to_camel to_html
    """
)
"""Of the Api's `File`."""

SETTINGS = _names(
    """
    allow_media_symlink allow_offline_artifacts allow_val_change anonymous api_key app_url_override
    azure_account_url_to_access_key base_url capture_loggers code_dir config_paths console console_chunk_max_bytes
    console_chunk_max_seconds console_multipart credentials_file disable_code disable_git disable_git_fork_point
    disable_job_creation docker email entity finish_timeout finish_timeout_raises force fork_from git_commit
    git_remote git_remote_url git_root heartbeat_seconds host http_proxy https_proxy identity_token_file
    ignore_globs init_timeout insecure_disable_ssl job_name job_source label_disable launch launch_config_path
    login_timeout max_end_of_run_history_metrics max_end_of_run_summary_metrics mode notebook_name organization
    program program_abspath program_relpath project quiet reinit relogin resume resume_from resumed root_dir
    run_group run_id run_job_type run_name run_notes run_tags sagemaker_disable save_code settings_system
    show_colors show_emoji show_errors show_info show_warnings silent stop_fn stop_on_fatal_error strict
    summary_timeout summary_warnings sweep_id sweep_param_path symlink sync_tensorboard
    table_raise_on_max_row_limit_exceeded use_dot_wandb username x_cli_only_mode x_disable_machine_info
    x_disable_meta x_disable_stats x_disable_viewer x_executable x_extra_http_headers x_file_stream_max_bytes
    x_file_stream_max_line_bytes x_file_stream_no_gzip x_file_stream_retry_max x_file_stream_retry_wait_max_seconds
    x_file_stream_retry_wait_min_seconds x_file_stream_timeout_seconds x_file_stream_transmit_interval
    x_file_transfer_retry_max x_file_transfer_retry_wait_max_seconds x_file_transfer_retry_wait_min_seconds
    x_file_transfer_timeout_seconds x_files_dir x_flow_control_custom x_flow_control_disabled x_graphql_retry_max
    x_graphql_retry_wait_max_seconds x_graphql_retry_wait_min_seconds x_graphql_timeout_seconds
    x_history_value_encoding x_internal_check_process x_jupyter_name x_jupyter_path x_jupyter_root x_label
    x_live_policy_rate_limit x_live_policy_wait_time x_log_level x_network_buffer x_primary x_proxies
    x_runqueue_item_id x_save_requirements x_server_side_derived_summary x_service_transport x_service_wait
    x_skip_transaction_log x_start_time x_stats_buffer_size x_stats_coreweave_metadata_base_url
    x_stats_coreweave_metadata_endpoint x_stats_cpu_count x_stats_cpu_logical_count x_stats_dcgm_exporter
    x_stats_disk_paths x_stats_gpu_count x_stats_gpu_device_ids x_stats_gpu_type x_stats_neuron_monitor_config_path
    x_stats_no_cgroup x_stats_open_metrics_endpoints x_stats_open_metrics_filters x_stats_open_metrics_http_headers
    x_stats_pid x_stats_sampling_interval x_stats_self_usage x_stats_track_process_tree x_sync x_sync_dir_suffix
    x_transaction_log_flush_interval x_update_finish_state
    """
)
"""The fields of its `Settings`."""
