-- Weights as they are: `f` and `b` are the km/h of a way in its two directions, absent where closed.
-- No turn costs and no penalties, so that the cheapest way is the one of the network itself.
api_version = 4

function setup()
  return {
    properties = {
      weight_name = 'duration',
      weight_precision = 3,
      max_speed_for_map_matching = 180 / 3.6,
      process_call_tagless_node = false,
      u_turn_penalty = 0,
      continue_straight_at_waypoint = false,
      use_turn_restrictions = true,
    },
  }
end

function process_node(profile, node, result)
  if node:get_value_by_key('barrier') then result.barrier = true end
end

function process_way(profile, way, result)
  local forward, backward = tonumber(way:get_value_by_key('f')), tonumber(way:get_value_by_key('b'))
  if forward then
    result.forward_mode, result.forward_speed = mode.driving, forward
  end
  if backward then
    result.backward_mode, result.backward_speed = mode.driving, backward
  end
end

function process_turn(profile, turn)
  turn.duration = 0
  turn.weight = 0
end

return { setup = setup, process_way = process_way, process_node = process_node,
         process_turn = process_turn }
