"""The rules of the architecture. A check is a function from a root folder to a list of violations, empty where all is well;
its first line says the rule. No check needs anything but Python's standard library."""
from . import anatomy, conventions, documents, faults, graph, includes, migrations

ALL_CHECKS = {
    check.__name__: check
    for check in (
        includes.kernel_layers, includes.kernel_knows_no_module, includes.module_boundaries, includes.contract_is_alone,
        includes.domain_is_pure, includes.module_inside, includes.audit_is_independent, includes.confined_headers,
        includes.used_files,
        graph.calls_have_no_cycle, graph.code_equals_graph, graph.readme_equals_graph,
        graph.readme_equals_events, graph.module_readmes,
        anatomy.top_level, anatomy.module_shape, anatomy.folders_are_built,
        migrations.migration_names, migrations.schema_rules, migrations.own_tables_only,
        conventions.file_length, conventions.function_length, conventions.line_form, conventions.headers, conventions.file_names,
        conventions.nothing_unfinished, conventions.sleeping, conventions.time_and_randomness, conventions.test_names, conventions.crash_points,
        faults.mistakes, faults.faults_stay_out,
        documents.links, documents.places,
    )
}
