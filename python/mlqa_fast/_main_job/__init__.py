"""The main job: every kernel on real data, beside the peers that are installed.

``job`` says what a job is, one module an area holds its jobs, ``timing`` runs a job's
implementations in turn, ``certificates`` judges any implementation's answer in float64, ``table``
prints what came out.
"""
