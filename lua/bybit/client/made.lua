-- Who hears of each client that is made: functions of the client, called before its maker has it. A session listens, so
-- that it asks before real money is traded with a client that was made by hand.

return {}
