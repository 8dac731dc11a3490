"""Replay is paused on every standby for a while, and then the primary's postmaster dies.

Proves: that nobody applies WAL neither hides who has it nor hinders the failover.
Hurts: pg_wal_replay_pause() on both, rows meanwhile, then SIGKILL to the postmaster.
"""
MODE = "sync"
VICTIM = "both standbys + primary"
GAP = 30


def hurt(stage):
    for name in stage.standbys:
        stage.pause_replay(name)
    stage.writes(200)
    stage.begin()
    stage.lab.kill_postmaster(stage.primary)
    stage.failover()
    stage.resume_replay()
