"""Replay is paused on the synchronous standby for a while, and then the primary's power is cut.

Proves: what a standby has received and not yet applied is there after its promotion.
Hurts: pg_wal_replay_pause(), rows meanwhile, then link and all processes of the primary go.
"""
MODE = "sync"
VICTIM = "standby + primary"
GAP = 30


def hurt(stage):
    stage.pause_replay(stage.standby)
    stage.writes(200)
    stage.begin()
    stage.lab.power_off(stage.primary)
    stage.failover()
    stage.resume_replay()
