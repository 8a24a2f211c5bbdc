-- Methods of clients that the rooms above this one add: name -> { load = gives the function, fills = the parameters that a view or an
-- instrument fills in, a set }.

return {}
